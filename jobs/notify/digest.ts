/** Digests: when the next one is due, and its contents. */
import { DateTime } from 'luxon';
import type { RowOf } from '../../core/target.ts';
import type { recipient } from '../../schemas/rows/recipient.ts';
import { type QuietHours, quietEnd } from './quiet-hours.ts';

type Recipient = RowOf<typeof recipient>;
type Digest = NonNullable<Recipient['digest']>;
export type Collected = Recipient['collected'] extends Iterable<[string, infer C]> ? C : never;

const WEEK: readonly Digest['weekday'][] = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
];
const LONGEST_EXCERPT = 500;

/**
 * The time of the first digest after `time`, both in ms since 1970 UTC. A digest in quiet hours waits for their end. If clocks go forward
 * over the time of day, the moment after the change counts; if the time of day occurs twice, its first occurrence.
 */
export function digestTime(digest: Digest, hours: QuietHours, time: number): number {
  const now = DateTime.fromMillis(time, { zone: hours.timeZone });
  const weekly = digest.period === 'weekly';
  const first = weekly ? (WEEK.indexOf(digest.weekday) + 8 - now.weekday) % 7 : 0;
  const [hour, minute] = digest.at.split(':').map(Number) as [number, number];
  // One of three in a row is after `time`, even if a day is skipped.
  const times = [0, 1, 2].map((turn) => {
    const day = now.startOf('day').plus({ days: first + turn * (weekly ? 7 : 1) });
    return day.set({ hour, minute }).toMillis();
  });
  const next = Math.min(...times.filter((each) => each > time));
  return quietEnd(hours, next) ?? next;
}

/**
 * The message for the notifications of a digest, the newest first. `more` is the number of further ones that did not fit. The message has
 * no words of its own, because the language of the recipient is unknown.
 */
export function digestMessage([newest, ...older]: readonly [Collected, ...Collected[]], more: number) {
  const count = older.length + more;
  if (count === 0) {
    const { title, body, link, expiresAt, unsubscribe } = newest;
    return { title, body, link, expiresAt, unsubscribe };
  }
  const all = [newest, ...older];
  const parts = all.map(({ title, body, link }) =>
    [title.trim(), excerpt(body), link ?? ''].filter((line) => line !== '').join('\n'),
  );
  const ends = all.map(({ expiresAt }) => expiresAt ?? Number.POSITIVE_INFINITY);
  const end = Math.max(...ends);
  return {
    title: `${newest.title.trim()} (+${count})`.trim(),
    body: [...parts, ...(more === 0 ? [] : [`(+${more})`])].join('\n\n'),
    link: null,
    // It expires when its last notification does.
    expiresAt: end === Number.POSITIVE_INFINITY ? null : end,
    unsubscribe: older.every(({ unsubscribe }) => unsubscribe === newest.unsubscribe) ? newest.unsubscribe : null,
  };
}

function excerpt(body: string): string {
  const characters = [...body.trim()];
  return characters.length <= LONGEST_EXCERPT
    ? characters.join('')
    : `${characters.slice(0, LONGEST_EXCERPT - 1).join('')}…`;
}
