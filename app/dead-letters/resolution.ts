/**
 * How dead letters were resolved. A marker record beside a letter, in the topic of dead letters, has how it was resolved, by whom, when and
 * why (docs/decisions/0067-resolutions-lie-beside-the-letters.md).
 */
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import type { Headers, LogRecord, NewRecord } from '../../topics/log/transport.ts';
import type { DeadLetter } from './letters.ts';
import type { Turn } from './turn.ts';

/** Headers of marker records. Each marker has the id of the letter. */
const MARKERS = {
  replayed: 'tributary-replayed',
  edited: 'tributary-edited',
  discarded: 'tributary-discarded',
} as const;
/** A header of a corrected record: the id of its letter. */
export const EDITED_FROM = 'tributary-dead-letter';
const BY = 'tributary-by';
const WHY = 'tributary-why';

export type Resolved = keyof typeof MARKERS;

/** Who resolves letters, and why; empty if not given. */
export interface Resolver {
  readonly by: string;
  readonly why: string;
}

/** How letters are to be resolved. */
export interface Resolving extends Resolver {
  /** Undefined: report what would be done, and do nothing. */
  readonly turn: Turn | undefined;
}

export interface Resolution extends Resolver {
  readonly how: Resolved;
  /** In ms since 1970 UTC. */
  readonly at: number;
}

/** Must be produced in one call with the replayed or corrected records of its letter. */
export function marker(
  { id, topic, job, positions }: DeadLetter,
  how: Resolved,
  { by, why }: Resolver,
  now: number,
): NewRecord {
  const partition = positions[0]?.[0] ?? 0;
  const headers = {
    [MARKERS[how]]: id,
    [DEAD_LETTER.job]: job,
    ...(by !== '' && { [BY]: by }),
    ...(why !== '' && { [WHY]: why }),
  };
  return { topic: deadLetterTopic(topic.name), partition, key: null, value: null, headers, timestamp: now };
}

/** The resolution in a marker record; undefined for any other record. */
export function markedBy({
  headers,
  timestamp,
}: Pick<LogRecord, 'headers' | 'timestamp'>):
  | { readonly id: string; readonly job: string; readonly resolution: Resolution }
  | undefined {
  for (const how of Object.keys(MARKERS) as Resolved[]) {
    const id = text(headers, MARKERS[how]);
    if (id === '') continue;
    const resolution = { how, at: timestamp, by: text(headers, BY), why: text(headers, WHY) };
    return { id, job: text(headers, DEAD_LETTER.job), resolution };
  }
  return undefined;
}

function text(headers: Headers, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}
