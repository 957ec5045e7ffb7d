/**
 * How a user wants to be told, out of an event that says all of it. What is right in the event holds, whatever else is wrong, so that
 * no opt-out is lost; of what cannot be understood the preference before stays, and the row says so in `refused`.
 *
 * Each part has a time of its own, since one event may say one part and fail at another: an older event changes no part that is known
 * from a newer one.
 */
import type { EventOf } from '../../core/event.ts';
import type { Unfit } from '../../core/json.ts';
import type { RowOf } from '../../core/target.ts';
import type { preferencesChanged } from '../../schemas/notification.ts';
import type { recipient } from '../../schemas/rows/recipient.ts';
import { isOlder } from '../older.ts';
import { timeOfDayOf, timeZoneOf } from './said-times.ts';

type Recipient = RowOf<typeof recipient>;
type Changed = EventOf<typeof preferencesChanged>;
type Said = Changed['data'];
type PartAt = 'addressesAt' | 'mutedAt' | 'timeZoneAt' | 'quietAt' | 'digestAt';

interface Part {
  readonly at: PartAt;
  /** The fields of the event that say it. */
  readonly fields: readonly (keyof Said)[];
  /** `isLost`: whether nothing of that place fits the schema. */
  readonly read: (said: Said, before: Recipient, isLost: (place: string) => boolean) => Found;
}

interface Found {
  /** Undefined: nothing of it was understood. */
  readonly is?: Partial<Recipient>;
  readonly refused?: readonly string[];
}

const PARTS: readonly Part[] = [
  { at: 'addressesAt', fields: ['addresses'], read: reached },
  {
    at: 'mutedAt',
    fields: ['muted'],
    read: ({ muted }) => ({ is: { muted: muted.map((category) => category.trim()) } }),
  },
  { at: 'timeZoneAt', fields: ['timeZone'], read: zoned },
  { at: 'quietAt', fields: ['quietFrom', 'quietUntil'], read: quieted },
  { at: 'digestAt', fields: ['digest'], read: digested },
];

/** When a digest comes of which that cannot be understood, and that had nothing before. */
const DIGEST = { at: '08:00', period: 'daily', weekday: 'monday' } as const;
const LONGEST_QUOTE = 40;

/** The recipient with the preferences of the event. */
export function preferring(stored: Recipient, { data, time, unfit = [] }: Changed): Recipient {
  const before = { ...stored, addressesAt: sinceOf(stored, 'addressesAt'), mutedAt: sinceOf(stored, 'mutedAt') };
  let after: Recipient = before;
  const refused: string[] = [];
  const isLost = (place: string) => unfit.some(({ path }) => path === `data.${place}`);
  for (const { at, fields, read } of PARTS) {
    if (isOlder(time, before[at])) continue;
    const found = fields.some(isLost) ? {} : read(data, before, isLost);
    if (found.is !== undefined) after = { ...after, ...found.is, [at]: time };
    refused.push(...unfit.filter((one) => fields.some((field) => isWithin(field, one))).map(({ problem }) => problem));
    refused.push(...(found.refused ?? []));
  }
  return isOlder(time, before.preferencesAt) ? after : { ...after, preferencesAt: time, refused };
}

/** Earlier releases knew one time for both. From here on that is the time of the newest event, which may lack one of them: 0 is never. */
const sinceOf = (stored: Recipient, at: 'addressesAt' | 'mutedAt'): number => stored[at] ?? stored.preferencesAt ?? 0;

const isWithin = (field: string, { path }: Unfit): boolean => /^data\.(\w+)/.exec(path)?.[1] === field;

/** One address a channel: the last one named, unless it is blank. */
function reached({ addresses }: Said): Found {
  const last = new Map(addresses.map(({ channel, address }) => [channel, address.trim()]));
  const reached = [...last].flatMap(([channel, address]) => (address === '' ? [] : { channel, address }));
  return { is: { addresses: reached } };
}

function zoned({ timeZone: said }: Said): Found {
  const timeZone = timeZoneOf(said);
  return timeZone === undefined ? { refused: [noZone(said)] } : { is: { timeZone } };
}

function quieted({ quietFrom, quietUntil }: Said): Found {
  const [from, until] = [quietFrom, quietUntil].map((said) => (isBlank(said) ? null : timeOfDayOf(said)));
  if (from !== undefined && until !== undefined) return { is: { quietFrom: from, quietUntil: until } };
  return {
    refused: [
      ...(from === undefined ? [noTime('quietFrom', quietFrom)] : []),
      ...(until === undefined ? [noTime('quietUntil', quietUntil)] : []),
    ],
  };
}

function digested({ digest: said }: Said, before: Recipient, isLost: (place: string) => boolean): Found {
  if (said === null) return { is: { digest: null } };
  const known = before.digest ?? DIGEST;
  const period = isLost('digest.period') ? known.period : said.period;
  const weekday = isLost('digest.weekday') ? known.weekday : said.weekday;
  const at = isLost('digest.at') ? known.at : timeOfDayOf(said.at);
  const digest = { ...said, period, weekday, at: at ?? known.at };
  return at === undefined ? { is: { digest }, refused: [noTime('digest.at', said.at)] } : { is: { digest } };
}

const isBlank = (said: string | null): said is null => said === null || said.trim() === '';

const quoted = (said: string | null): string => JSON.stringify(said?.toWellFormed().slice(0, LONGEST_QUOTE) ?? null);

const noZone = (said: string): string =>
  `data.timeZone is ${quoted(said)}, which is no time zone: give an IANA name such as Europe/London, Asia/Kolkata or UTC`;

const noTime = (field: string, said: string | null): string =>
  `data.${field} is ${quoted(said)}, which is no time of day: give 00:00 to 23:59`;
