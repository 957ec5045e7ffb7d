/**
 * The preferences of a user, from an event that carries all of them. Valid parts of the event are applied even if other parts are invalid,
 * so that no opt-out is lost. A part that cannot be understood keeps its value, and the row lists the problem in `refused`.
 *
 * Each part has its own time, because an event may have one part and lack another. An older event does not change a part that is known from
 * a newer one.
 */
import type { EventOf } from '../../core/event.ts';
import { fieldOf } from '../../core/json.ts';
import type { RowOf } from '../../core/target.ts';
import type { preferencesChanged } from '../../schemas/notification.ts';
import type { recipient } from '../../schemas/rows/recipient.ts';
import { isOlder } from '../older.ts';
import { timeOfDayOf, timeZoneOf } from './time-texts.ts';

type Recipient = RowOf<typeof recipient>;
type Changed = EventOf<typeof preferencesChanged>;
type Preferences = Changed['data'];
type PartAt = 'addressesAt' | 'mutedAt' | 'timeZoneAt' | 'quietAt' | 'digestAt';

interface Part {
  readonly at: PartAt;
  /** The fields of the event that hold the part. */
  readonly fields: readonly (keyof Preferences)[];
  /** `isLost`: whether the value at this path does not fit the schema. */
  readonly read: (preferences: Preferences, before: Recipient, isLost: (field: string) => boolean) => Found;
}

interface Found {
  /** The new value; undefined if no part of it was understood. */
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

/** The defaults for parts of a digest that cannot be understood and were not known before. */
const DIGEST = { at: '08:00', period: 'daily', weekday: 'monday' } as const;
const LONGEST_QUOTE = 40;

/** The recipient with the preferences of the event. */
export function preferring(stored: Recipient, { data, time, unfit = [] }: Changed): Recipient {
  const before = { ...stored, addressesAt: sinceOf(stored, 'addressesAt'), mutedAt: sinceOf(stored, 'mutedAt') };
  let after: Recipient = before;
  const refused: string[] = [];
  const isLost = (field: string) => unfit.some(({ path }) => path === `data.${field}`);
  for (const { at, fields, read } of PARTS) {
    if (isOlder(time, before[at])) continue;
    const found = fields.some(isLost) ? {} : read(data, before, isLost);
    if (found.is !== undefined) after = { ...after, ...found.is, [at]: time };
    refused.push(
      ...unfit.filter((one) => fields.some((field) => fieldOf(one) === field)).map(({ problem }) => problem),
    );
    refused.push(...(found.refused ?? []));
  }
  return isOlder(time, before.preferencesAt) ? after : { ...after, preferencesAt: time, refused };
}

/** Earlier releases had one time for both parts. Its field now has the time of the newest event, which may lack a part. 0: never. */
const sinceOf = (stored: Recipient, at: 'addressesAt' | 'mutedAt'): number => stored[at] ?? stored.preferencesAt ?? 0;

/** One address for each channel: the last one in the event, unless it is blank. */
function reached({ addresses }: Preferences): Found {
  const last = new Map(addresses.map(({ channel, address }) => [channel, address.trim()]));
  const reached = [...last].flatMap(([channel, address]) => (address === '' ? [] : { channel, address }));
  return { is: { addresses: reached } };
}

function zoned({ timeZone: text }: Preferences): Found {
  const timeZone = timeZoneOf(text);
  return timeZone === undefined ? { refused: [noZone(text)] } : { is: { timeZone } };
}

function quieted({ quietFrom, quietUntil }: Preferences): Found {
  const [from, until] = [quietFrom, quietUntil].map((text) => (isBlank(text) ? null : timeOfDayOf(text)));
  if (from !== undefined && until !== undefined) return { is: { quietFrom: from, quietUntil: until } };
  return {
    refused: [
      ...(from === undefined ? [noTime('quietFrom', quietFrom)] : []),
      ...(until === undefined ? [noTime('quietUntil', quietUntil)] : []),
    ],
  };
}

function digested({ digest: asked }: Preferences, before: Recipient, isLost: (field: string) => boolean): Found {
  if (asked === null) return { is: { digest: null } };
  const known = before.digest ?? DIGEST;
  const period = isLost('digest.period') ? known.period : asked.period;
  const weekday = isLost('digest.weekday') ? known.weekday : asked.weekday;
  const at = isLost('digest.at') ? known.at : timeOfDayOf(asked.at);
  const digest = { ...asked, period, weekday, at: at ?? known.at };
  return at === undefined ? { is: { digest }, refused: [noTime('digest.at', asked.at)] } : { is: { digest } };
}

const isBlank = (text: string | null): text is null => text === null || text.trim() === '';

const quoted = (text: string | null): string => JSON.stringify(text?.toWellFormed().slice(0, LONGEST_QUOTE) ?? null);

const noZone = (text: string): string =>
  `data.timeZone is ${quoted(text)}, which is no time zone: give an IANA name such as Europe/London, Asia/Kolkata or UTC`;

const noTime = (field: string, text: string | null): string =>
  `data.${field} is ${quoted(text)}, which is no time of day: give 00:00 to 23:59`;
