/**
 * How a job is declared: a pure fold of one topic into rows, views and further events.
 *
 * Terms. An *event* is a decoded record. A *row* is what the job knows about one thing. Only this job writes it. Its key begins with the
 * key of the topic, so one partition, and therefore one consumer, writes it. A *fold* makes the next row from the current row and an event.
 * A *reaction* makes the outputs that follow from the change: events to other topics, timers, calls of channels. *Views* are copies of a
 * row, or of parts of it, in other stores.
 *
 * Everything here is data and pure functions: no clock, no randomness, no input or output. Time is the event's time. The runtime
 * (`runtime/`) does the rest, once for all jobs.
 */
import type { Input } from '../core/avro.ts';
import type { ChannelName } from '../core/channel.ts';
import type { Entries } from '../core/entries.ts';
import { type RejectCode, TributaryError } from '../core/errors.ts';
import type { AnyEventOf, callAnswered, EventDef, EventOf, timerFired } from '../core/event.ts';
import {
  type KeyOf,
  keyFields,
  mapFields,
  type RecordOf,
  type RowOf,
  type TableDef,
  type Target,
} from '../core/target.ts';
import type { DefsOf, Topic } from '../topics/define.ts';

// ---- which rows an event touches ----

/** Every row whose key begins with these fields. They include at least the table's `key`. */
export interface Every {
  readonly every: Readonly<Record<string, string>>;
}
/** Every row of the partition that has this value in an indexed field. Used by broadcasts. */
export interface Where {
  readonly where: readonly [field: string, value: string];
}
/** One row, several rows, all rows under a prefix, all rows that match, or none. */
export type Keys<T> = KeyOf<T> | readonly KeyOf<T>[] | Every | Where | undefined;

export const every = (prefix: Readonly<Record<string, string>>): Every => ({ every: prefix });
export const where = (field: string, value: string): Where => ({ where: [field, value] });

// ---- what a fold reads besides its row ----

/**
 * A row of another job: reference data, which may be some seconds old. When it changes, its job emits a broadcast to the topics of the jobs
 * that look it up. Every event that a partition folds after the broadcast sees the new row.
 */
export interface Lookup<T extends TableDef = TableDef> {
  readonly table: T;
  readonly key: KeyOf<T>;
}
export type Lookups = Readonly<Record<string, Lookup>>;
/** The lookup results. A row that does not exist yet is undefined, and conclusions from it have to wait. */
export type Found<L> = {
  readonly [name in keyof L]: NonNullable<L[name]> extends Lookup<infer T> ? RowOf<T> | undefined : never;
};

export const lookup = <T extends TableDef>(table: T, key: KeyOf<T>): Lookup<T> => ({ table, key });

// ---- what a fold returns ----

/** The event can never be applied: its record goes to the dead letters. */
export class Rejection {
  readonly code: RejectCode;
  readonly message: string;
  constructor(code: RejectCode, message: string) {
    this.code = code;
    this.message = message;
  }
}
export const reject = (code: RejectCode, message: string): Rejection => new Rejection(code, message);

// ---- outputs: what follows from a change of a row ----

export interface Emit<Type extends string = string> {
  readonly kind: 'emit';
  readonly type: Type;
  readonly data: Readonly<Record<string, unknown>>;
  readonly at?: number;
}
export interface Wake {
  readonly kind: 'wake';
  readonly name: string;
  /** In ms since 1970 UTC; null cancels. A second timer of the same name replaces the first. */
  readonly due: number | null;
}
export interface Call {
  readonly kind: 'call';
  readonly channel: ChannelName;
  readonly attempt: number;
  /** Equal for every attempt at the same message. */
  readonly messageId: string;
  readonly address: string;
  readonly title: string;
  readonly body: string;
  readonly link: string | null;
  /** The URL of a one-click unsubscribe from messages like this one (RFC 8058); null if there is none. */
  readonly unsubscribe: string | null;
}
export type Output<Type extends string = string> = Emit<Type> | Wake | Call;

/**
 * Emits an event to the topic among the job's `to` that declares it. The event has the time of the event that caused it, or `at` (ms since
 * 1970 UTC) if that is later. For a conclusion, `at` is the time of the last fact that it rests on.
 */
export function emit<D extends EventDef>(event: D, data: Input<D['schema']>, at?: number): Emit<D['type']> {
  return { kind: 'emit', type: event.type, data: data as Emit['data'], ...(at !== undefined && { at }) };
}
/** Asks for `timer.fired` with this name at `due` (ms since 1970 UTC). It arrives on the row's own topic as an ordinary event. */
export const wakeAt = (name: string, due: number): Wake => ({ kind: 'wake', name, due });
/** Cancels the timer with this name. If it has fired already, its event is ignored. */
export const sleep = (name: string): Wake => ({ kind: 'wake', name, due: null });
/** Calls a channel. The result arrives as the event `call.answered`. */
export const call = (message: Omit<Call, 'kind'>): Call => ({ kind: 'call', ...message });

// ---- copies of a row in other stores ----

export interface View<R> {
  readonly into: Target;
  /** The map field of which each entry is a record of its own; undefined if the row is one record. */
  readonly each: string | undefined;
  /** The other fields of the row that these records are made from. When one of them changes, the records of all entries are made again. */
  readonly using: readonly string[];
  readonly record: (row: R, entry: never, name: string) => Readonly<Record<string, unknown>> | undefined;
  /**
   * What a batch does while the store of the view does not answer. `strict`: the batch waits. `catching-up`: rows, other views and events
   * go on, and the view catches up when its store answers again.
   */
  readonly policy: 'strict' | 'catching-up';
}

/** A view that may be behind its rows: for search by people, not for data that services rely on. */
export const catchingUp = <R>(of: View<R>): View<R> => ({ ...of, policy: 'catching-up' });

/** A view with one record of the row, or none. */
export function view<T extends TableDef, V extends Target>(
  _of: T,
  into: V,
  record: (row: RowOf<T>) => RecordOf<V> | undefined,
): View<RowOf<T>> {
  const made = record as unknown as View<RowOf<T>>['record'];
  return { into, each: undefined, using: [], record: made, policy: 'strict' };
}

/** A view with one record for each entry of a map field, made from the entry, its name and the fields named in `using`. */
export function viewEach<
  T extends TableDef,
  V extends Target,
  const F extends keyof RowOf<T> & string,
  const U extends keyof RowOf<T> & string,
  // biome-ignore lint/complexity/useMaxParams: declarations read in this order: row, view, map field, other fields, record
>(
  _of: T,
  into: V,
  each: F,
  using: readonly U[],
  record: (
    row: Pick<RowOf<T>, U>,
    entry: RowOf<T>[F] extends Entries<infer E> ? E : never,
    name: string,
  ) => RecordOf<V> | undefined,
): View<RowOf<T>> {
  return { into, each, using, record: record as unknown as View<RowOf<T>>['record'], policy: 'strict' };
}

// ---- the declaration ----

type RuntimeEvent = typeof timerFired | typeof callAnswered;
type Typed<On extends readonly EventDef[]> = On[number];

interface Declaration<
  From extends Topic,
  On extends readonly (DefsOf<From> | RuntimeEvent)[],
  To extends readonly Topic[],
  T extends TableDef,
  L extends Lookups,
> {
  /** A verb phrase. It is also the name of the file, the consumer group and the metric label. */
  name: string;
  doc: string;
  from: From;
  /** The events that the job folds. Records of other types are skipped undecoded. */
  on: On;
  /** The topics that the job may emit events to. */
  to: To;
  /** The table of the job's rows. No other job writes it. */
  row: T;
  /** The rows that an event touches. Timers and answers of channels carry the key of their row. */
  key: (event: AnyEventOf<Exclude<Typed<On>, RuntimeEvent>>) => Keys<T>;
  lookups?: (key: KeyOf<T>, event: AnyEventOf<Typed<On>>) => L;
  /** Returns the new row; the same row if nothing changed; undefined to delete the row. */
  fold: {
    readonly [K in Typed<On>['type']]: (
      row: RowOf<T> | undefined,
      event: EventOf<Extract<Typed<On>, { type: K }>>,
      found: Found<L>,
    ) => RowOf<T> | undefined | Rejection;
  };
  react?: (
    before: RowOf<T> | undefined,
    after: RowOf<T> | undefined,
    event: AnyEventOf<Typed<On>>,
    found: Found<L>,
  ) => readonly Output<DefsOf<To[number]>['type']>[];
  views?: readonly View<RowOf<T>>[];
}

/** A declared job as the runtime sees it. The types of its rows and events were checked at its declaration. */
export interface Job {
  readonly name: string;
  readonly doc: string;
  readonly from: Topic;
  readonly on: readonly EventDef[];
  readonly to: readonly Topic[];
  readonly row: TableDef;
  readonly key: (event: EventOf<EventDef>) => Keys<TableDef>;
  readonly lookups: ((key: Readonly<Record<string, string>>, event: EventOf<EventDef>) => Lookups) | undefined;
  readonly fold: Readonly<
    Record<string, (row: Row | undefined, event: EventOf<EventDef>, found: FoundRows) => Row | undefined | Rejection>
  >;
  readonly react: (
    before: Row | undefined,
    after: Row | undefined,
    event: EventOf<EventDef>,
    found: FoundRows,
  ) => readonly Output[];
  readonly views: readonly View<Row>[];
}
export type Row = Readonly<Record<string, unknown>>;
export type FoundRows = Readonly<Record<string, Row | undefined>>;

export function defineJob<
  From extends Topic,
  const On extends readonly (DefsOf<From> | RuntimeEvent)[],
  const To extends readonly Topic[],
  T extends TableDef,
  L extends Lookups = Record<never, never>,
>(declaration: Declaration<From, On, To, T, L>): Job {
  const job = { lookups: undefined, react: () => [], views: [], ...declaration } as unknown as Job;
  const problem = flawOf(job);
  if (problem !== undefined) throw new TributaryError('DECLARATION_INVALID', `job ${job.name}: ${problem}`);
  return job;
}

/** Checks what types cannot express. */
function flawOf(job: Job): string | undefined {
  if (job.row.key[0] !== job.from.key || job.row.key.length !== 1) {
    return `the key of its table ${job.row.name} must be ${job.from.key}, the key of ${job.from.name}, so that only one partition writes a row`;
  }
  const loose = job.row.indexed.find((name) => !keyFields(job.row).includes(name));
  if (loose !== undefined) {
    return `${job.row.name} is indexed by ${loose}, which is not a field of its key: after a crash, rows in which it changed would not be found again`;
  }
  const maps = new Set(mapFields(job.row.record).map((field) => field.name));
  for (const view of job.views) {
    if (view.each !== undefined && !maps.has(view.each))
      return `a view of ${view.into.name} is made for each ${view.each}, which is not a map field of ${job.row.name}`;
    if (job.views.some(({ into, policy }) => into === view.into && policy !== view.policy))
      return `some views of ${view.into.name} may be behind and others may not, but they share a position`;
    const fields = new Set(view.into.record.fields.map((field) => field.name));
    const missing = keyFields(job.row).find((name) => !fields.has(name));
    if (missing !== undefined)
      return `${view.into.name} does not have ${missing}, so two rows could write the same record of it`;
  }
  return undefined;
}
