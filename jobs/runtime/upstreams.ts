/** Which jobs emit events to which topics, and therefore whose origins count. */
import { ROUTED } from '../../topics/log/origin.ts';
import type { Job } from '../define.ts';

/**
 * The jobs that emit events to a topic, as `job/topic`. Any other event's origin is ignored and gets no dedupe position, because its
 * producer may mean something else by `origin`.
 */
export type Upstreams = (topic: string) => ReadonlySet<string>;

const NOBODY: ReadonlySet<string> = new Set();

/** `jobs` must be all declared jobs. */
export function upstreamsOf(jobs: readonly Job[]): Upstreams {
  const upstreams = new Map<string, Set<string>>();
  for (const { name, from, to } of jobs) {
    for (const topic of to) {
      const ofTopic = upstreams.get(topic.name) ?? new Set();
      upstreams.set(topic.name, ofTopic.add(`${name}/${from.name}`));
    }
  }
  return (topic) => upstreams.get(topic) ?? NOBODY;
}

/** Whether an origin with this `job/topic` counts in a record of `topic`: a declared job emitted the event, or the record was sent on. */
export const isUpstream = (upstreams: ReadonlySet<string>, topic: string, upstream: string): boolean =>
  upstreams.has(upstream) || upstream === `${ROUTED}/${topic}`;
