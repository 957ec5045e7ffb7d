/**
 * How a user wants to be told, out of an event that says all of it. What is right in the event holds, whatever else is wrong: addresses
 * and muted categories always, so that no opt-out is lost; of what cannot be understood the preference before stays, and the row
 * says so in `refused`.
 *
 * Each part has a time of its own, since one event may say one part and fail at another: an older event changes no part that is known
 * from a newer one.
 */
import type { EventOf } from '../core/event.ts';
import type { RowOf } from '../core/target.ts';
import type { preferencesChanged } from '../schemas/notification.ts';
import type { recipient } from '../schemas/rows/recipient.ts';
import { isOlder } from './older.ts';
import { timeOfDayOf, timeZoneOf } from './said-times.ts';

type Recipient = RowOf<typeof recipient>;
type Said = EventOf<typeof preferencesChanged>['data'];
type PartAt = 'preferencesAt' | 'timeZoneAt' | 'quietAt' | 'digestAt';

interface Part {
  /** Undefined: nothing of it was understood. */
  readonly is?: Partial<Recipient>;
  readonly refused?: readonly string[];
}

const PARTS: readonly (readonly [at: PartAt, read: (said: Said, before: Recipient) => Part])[] = [
  ['preferencesAt', reached],
  ['timeZoneAt', zoned],
  ['quietAt', quieted],
  ['digestAt', digested],
];

/** When a digest comes whose time cannot be understood, and that had none before. */
const DIGEST_AT = '08:00';
const LONGEST_QUOTE = 40;

/** The recipient with the preferences of the event, as of `time`. */
export function preferring(before: Recipient, said: Said, time: number): Recipient {
  let after = before;
  const refused: string[] = [];
  for (const [at, read] of PARTS) {
    if (isOlder(time, before[at])) continue;
    const part = read(said, before);
    if (part.is !== undefined) after = { ...after, ...part.is, [at]: time };
    refused.push(...(part.refused ?? []));
  }
  return isOlder(time, before.preferencesAt) ? after : { ...after, refused };
}

/** One address a channel: the last one named, unless it is blank. */
function reached({ addresses, muted }: Said): Part {
  const last = new Map(addresses.map(({ channel, address }) => [channel, address.trim()]));
  const reached = [...last].flatMap(([channel, address]) => (address === '' ? [] : { channel, address }));
  return { is: { addresses: reached, muted: muted.map((category) => category.trim()) } };
}

function zoned({ timeZone: said }: Said): Part {
  const timeZone = timeZoneOf(said);
  return timeZone === undefined ? { refused: [noZone(said)] } : { is: { timeZone } };
}

function quieted({ quietFrom, quietUntil }: Said): Part {
  const [from, until] = [quietFrom, quietUntil].map((said) => (isBlank(said) ? null : timeOfDayOf(said)));
  if (from !== undefined && until !== undefined) return { is: { quietFrom: from, quietUntil: until } };
  return {
    refused: [
      ...(from === undefined ? [noTime('quietFrom', quietFrom)] : []),
      ...(until === undefined ? [noTime('quietUntil', quietUntil)] : []),
    ],
  };
}

function digested({ digest }: Said, before: Recipient): Part {
  if (digest === null) return { is: { digest } };
  const at = timeOfDayOf(digest.at);
  if (at !== undefined) return { is: { digest: { ...digest, at } } };
  return {
    is: { digest: { ...digest, at: before.digest?.at ?? DIGEST_AT } },
    refused: [noTime('digest.at', digest.at)],
  };
}

const isBlank = (said: string | null): said is null => said === null || said.trim() === '';

const quoted = (said: string | null): string => JSON.stringify(said?.toWellFormed().slice(0, LONGEST_QUOTE) ?? null);

const noZone = (said: string): string =>
  `data.timeZone is ${quoted(said)}, which is no time zone: give an IANA name such as Europe/London, Asia/Kolkata or UTC`;

const noTime = (field: string, said: string | null): string =>
  `data.${field} is ${quoted(said)}, which is no time of day: give 00:00 to 23:59`;
