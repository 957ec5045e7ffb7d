/** Options that several commands share, and the parsers of their values. */
import { InvalidArgumentError } from 'commander';
import { flagOf } from '../app/config/config.ts';
import { defaultOf, docOf, KEYS } from '../app/config/keys.ts';
import { VIEW_STORES, type ViewStore } from '../app/stores/view-stores.ts';
import { DEFAULT_TENANT } from '../core/event.ts';
import { isDay } from '../sinks/segments/columns.ts';
import { flag, preset, value, values } from './descriptor.ts';

export const json = flag('print JSON, for scripts');
export const csv = flag('print CSV with a header line', { conflicts: ['json'] });
export const tenant = preset('name', 'the tenant', DEFAULT_TENANT);
export const limitOf = (count: number) => preset('n', 'at most this many records', count, whole);
export const after = value('token', 'show the next page: the token that the previous page printed');
export const dryRun = flag('show what would be done, without doing it');
export const only = values('store', 'only the views in this store: cache, search or tables; may be repeated', {
  parse: storeNamed,
  names: Object.keys(VIEW_STORES),
});
function storeNamed(value: string): ViewStore {
  if (Object.hasOwn(VIEW_STORES, value)) return value as ViewStore;
  throw new InvalidArgumentError(`Give one of ${Object.keys(VIEW_STORES).join(', ')}.`);
}

const MOST = 1_000_000_000;

export const whole = wholeUpTo(MOST);

export function wholeUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from 1 to ${most}.`);
  };
}

export const oneOf =
  <const T extends string>(names: readonly T[]) =>
  (text: string): T => {
    const name = names.find((each) => each === text);
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`Give one of ${names.join(', ')}.`);
  };

export function natural(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Give a whole number, 0 or more.');
}

export function day(text: string): string {
  if (isDay(text)) return text;
  throw new InvalidArgumentError('Give a day such as 2026-03-01.');
}

/** The end of a replay: the id of the topic, which may be empty, the partition and the offset. */
export function position(text: string): { topicId: string; partition: number; offset: number } {
  const [, topicId, partition, offset] = /^([A-Za-z0-9_]*)\/(\d{1,9})\/(\d{1,15})$/.exec(text) ?? [];
  if (topicId !== undefined) return { topicId, partition: Number(partition), offset: Number(offset) };
  throw new InvalidArgumentError('Give the position that the replay printed at its end.');
}

/** The zone is required, because local time differs between places. */
export function moment(text: string): number {
  const time = Date.parse(text);
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(time)) return time;
  throw new InvalidArgumentError('Give a time with its zone, such as 2026-03-01T04:00:00Z.');
}

const AGO_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A time, or how long ago it was. */
export function momentOrAgo(text: string): number {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(text) ?? [];
  return unit === undefined ? moment(text) : Date.now() - Number(count) * AGO_MS[unit as keyof typeof AGO_MS];
}

/** Chooses dead letters. */
export const deadLetterFilter = {
  job: value('name', 'only those of this job or rollup', { names: 'jobs and rollups' }),
  code: value('code', 'only those with this code', { names: 'reject codes' }),
  topic: value('name', 'only those of this topic', { names: 'topics' }),
  since: value('time', 'only those rejected at or after this time, or in the last 30m, 2h or 7d', {
    parse: momentOrAgo,
  }),
  until: value('time', 'only those rejected before this time, or longer ago than this', { parse: momentOrAgo }),
};

/** Every key of the configuration, as a flag. */
export function keysHelp(): string {
  const width = Math.max(...KEYS.map((key) => flagOf(key).length));
  const lines = KEYS.map((key) => {
    const preset = defaultOf(key);
    return `  ${flagOf(key).padEnd(width)}  ${docOf(key)}${preset === undefined ? '' : ` (default: ${preset})`}`;
  });
  const text =
    'Each flag is also a key of tributary.json and an environment variable: --metrics-port, metricsPort, TRIBUTARY_METRICS_PORT.';
  return [text, ...lines].join('\n');
}
