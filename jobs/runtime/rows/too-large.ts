import { LARGEST_VALUE } from '../../../topics/log/limits.ts';
import type { Limit } from '../limits.ts';
import type { OutboxEntry } from './outbox.ts';

/** The most bytes of an event without its key and value. */
const HEADERS = 2000;

/** Why an event is too large for its topic; undefined if it is not. */
export function whyTooLarge(entry: OutboxEntry, limit: Limit): string | undefined {
  if (entry.kind !== 'event') return undefined;
  const { topic, type, key, value } = entry;
  const [size, most] = [value.length, Math.min(LARGEST_VALUE, limit(topic) - HEADERS - 3 * (key?.length ?? 0))];
  if (size <= most) return undefined;
  return `${type}, which follows from it, has ${size} bytes, and ${topic} takes at most ${most}`;
}
