/** Which jobs derive events for which topics, and so whose origins count. */
import { ROUTED } from '../../topics/log/origin.ts';
import type { Job } from '../define.ts';

/**
 * The jobs that derive events for a topic, as `job/topic`. The origin of any other event is none of ours: its producer may mean
 * something else by the word, and dedupe positions are not kept for it.
 */
export type Upstreams = (topic: string) => ReadonlySet<string>;

const NOBODY: ReadonlySet<string> = new Set();

/** `jobs` have to be all that are declared. */
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

/** Whether an origin in a record of `topic` counts, by its `job/topic`: a declared job emitted it, or the record was sent on. */
export const isUpstream = (upstreams: ReadonlySet<string>, topic: string, upstream: string): boolean =>
  upstreams.has(upstream) || upstream === `${ROUTED}/${topic}`;
