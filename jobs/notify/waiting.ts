/**
 * The messages of a recipient that have to wait: for the end of quiet hours (`held`), or for a digest (`collected`). One notification may
 * wait for both, for different channels.
 */
import type { Entries } from '../../core/entries.ts';
import type { RowOf } from '../../core/target.ts';
import type { recipient } from '../../schemas/rows/recipient.ts';
import { type Collected, digestTime } from './digest.ts';
import { quietEnd } from './quiet-hours.ts';

export type Recipient = RowOf<typeof recipient>;
export type Message = Pick<Collected, 'category' | 'title' | 'body' | 'link' | 'expiresAt' | 'unsubscribe'>;

/** With the time at which it was requested, in ms since 1970 UTC. */
type Timed = Message & { readonly time: number };

const HELD_SIZE = 100;
const DIGEST_SIZE = 100;

export function goesOut({ muted, addresses }: Recipient, { category, expiresAt }: Message, time: number): boolean {
  return addresses.length > 0 && !muted.includes(category.trim()) && (expiresAt === null || time < expiresAt);
}

/** The addresses of the channels that get one message for each notification. */
export function direct({ addresses, digest }: Recipient): Recipient['addresses'] {
  return digest === null ? addresses : addresses.filter(({ channel }) => !digest.channels.includes(channel));
}

/** The recipient with the message held back and collected, for the channels that must not send it `now`. */
export function awaiting(row: Recipient, id: string, message: Timed, now: number): Recipient {
  if (!goesOut(row, message, now)) return row;
  const until = direct(row).length === 0 ? null : quietEnd(row, now);
  const held = until === null ? row.held : newest(row.held.set(id, { ...message, until }), HELD_SIZE);
  return trimmed({ ...row, held, collected: collectedBy(row, id, message, now) });
}

function collectedBy(row: Recipient, id: string, message: Timed, now: number) {
  const { digest, addresses, collected } = row;
  if (digest === null) return collected.delete(id);
  const channels = addresses.map(({ channel }) => channel).filter((channel) => digest.channels.includes(channel));
  if (channels.length === 0) return collected.delete(id);
  return collected.set(id, { ...message, channels, until: digestTime(digest, row, now) });
}

/** The recipient with only as many collected messages as fit into a digest. */
function trimmed(row: Recipient): Recipient {
  const collected = newest(row.collected, DIGEST_SIZE);
  return { ...row, collected, uncollected: row.uncollected + row.collected.size - collected.size };
}

/** The newest entries. Of two with the same time, the one with the greater id is newer. */
export function newest<E extends { readonly time: number }>(entries: Entries<E>, most: number): Entries<E> {
  let kept = entries;
  while (kept.size > most) {
    const [oldest] = [...kept].reduce((a, b) => (byAge(a, b) < 0 ? a : b));
    kept = kept.delete(oldest);
  }
  return kept;
}

/**
 * Removes messages that are due, which are sent if they are still wanted, and messages that are no longer wanted. `anew`: the preferences
 * have changed, so every waiting message is judged as if it were requested now. Collected messages stay together: they go with the next
 * digest, or as a last one if there are no digests any more. All collected messages that are due and wanted make one digest, which
 * `digests` counts.
 */
export function judgedAgain(row: Recipient, time: number, anew: boolean): Recipient {
  const quiet = quietEnd(row, time);
  const isDirect = direct(row).length > 0;
  let { held, collected } = row;
  for (const [id, { until, ...message }] of row.held) {
    if (!anew && until > time) continue;
    const wanted = goesOut(row, message, time);
    if (!wanted || !isDirect || quiet === null) held = held.delete(id);
    else if (until !== quiet) held = held.set(id, { ...message, until: quiet });
    if (anew)
      collected = wanted ? collectedBy({ ...row, collected }, id, { ...message, time }, time) : collected.delete(id);
  }
  let leaves = false;
  for (const [id, entry] of row.collected) {
    if (anew ? row.held.has(id) : entry.until > time) continue;
    const wanted = goesOut(row, entry, time);
    // Overdue messages only wait for their timer.
    const until = row.digest !== null && entry.until > time ? digestTime(row.digest, row, time) : quiet;
    if (!wanted || until === null) collected = collected.delete(id);
    else if (until !== entry.until) collected = collected.set(id, { ...entry, until });
    leaves ||= wanted && until === null;
  }
  if (held === row.held && collected === row.collected) return row;
  const after = withoutMore(trimmed({ ...row, held, collected }));
  return leaves ? { ...after, digests: row.digests + 1, uncollected: 0 } : after;
}

/** The messages of the digest that was just sent, the newest first; none if there was no digest. */
export function leftTogether(before: Recipient, after: Recipient, anew: boolean, time: number): Collected[] {
  if (before.digests === after.digests) return [];
  const gone = [...before.collected].filter(([id]) => !after.collected.has(id) && !(anew && before.held.has(id)));
  const wanted = gone.filter(([, entry]) => goesOut(after, entry, time));
  return wanted.sort((a, b) => -byAge(a, b)).map(([, entry]) => entry);
}

/** The older entry first. */
function byAge([idA, a]: [string, { time: number }], [idB, b]: [string, { time: number }]): number {
  return a.time - b.time || (idA < idB ? -1 : 1);
}

/** Resets the number of messages that did not fit once no collected ones are left. */
export function withoutMore(row: Recipient): Recipient {
  return row.collected.size === 0 && row.uncollected > 0 ? { ...row, uncollected: 0 } : row;
}

/** When the next waiting message is due. */
export function nextDue(row: Recipient | undefined): number | undefined {
  let first: number | undefined;
  for (const entries of [row?.held, row?.collected]) {
    for (const { until } of entries?.values() ?? []) first = Math.min(first ?? until, until);
  }
  return first;
}
