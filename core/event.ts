/**
 * An event is a CloudEvent 1.0 whose data is one Avro record.
 *
 * In binary mode (the Kafka binding of CloudEvents, sections 3.1 and 3.2 of its specification) the attributes are headers named
 * `ce_…` and the value holds only the data: Avro in the Confluent wire format, or JSON if `content-type` names JSON. In structured
 * mode the value is one JSON object and `content-type` is `application/cloudevents+json`.
 */
import type { Infer, Input, RecordSchema } from './avro.ts';
import type { Unfit } from './json.ts';

/** The declaration of one type of event. */
export interface EventDef<T extends string = string, S extends RecordSchema = RecordSchema> {
  /** The CloudEvents `type`: the aggregate, a dot, and what happened to it, as in `user.forgotten`. */
  readonly type: T;
  readonly schema: S;
  /** Example data, for the documentation and the tests. */
  readonly example: Readonly<Record<string, unknown>>;
}

export function defineEvent<const T extends string, const S extends RecordSchema>(
  type: T,
  schema: S,
  example: Input<S>,
): EventDef<T, S> {
  return { type, schema, example: example as EventDef['example'] };
}

/** A decoded event, as a job sees it. */
export interface EventOf<D extends EventDef> {
  readonly type: D['type'];
  /** Unique within its source: two events with equal source and id are the same event. */
  readonly id: string;
  readonly source: string;
  /**
   * When it happened, in ms since 1970 UTC. A sender's clock may be wrong, so the time is limited to one minute after the timestamp of
   * the record.
   */
  readonly time: number;
  /** The timestamp of its record, in ms since 1970 UTC. For a replayed dead letter, the timestamp of the replay. */
  readonly loggedAt: number;
  readonly tenant: string;
  readonly data: Infer<D['schema']>;
  /** Values of `lenient` fields that were left out of the data because they do not fit the schema. Absent if there are none. */
  readonly unfit?: readonly Unfit[];
}

/** The union of the events of several declarations, discriminated by `type`. */
export type AnyEventOf<D extends EventDef> = D extends EventDef ? EventOf<D> : never;

/** An event of any declaration: only its envelope has known types. */
export type Event = EventOf<EventDef>;

/** Identifies an event across sources, because two sources may use the same id. */
export const identityOf = ({ source, id }: Pick<Event, 'source' | 'id'>): string => JSON.stringify([source, id]);

/** The tenant of an event that names none. */
export const DEFAULT_TENANT = 'default';

/**
 * Emitted to the row's own topic and key when one of its timers is due. It is an ordinary record of the log.
 * Only the runtime produces it. The runtime checks that the timer is still pending; a job sees `name` and `due`.
 */
export const timerFired = defineEvent(
  'timer.fired',
  {
    type: 'record',
    name: 'TimerFired',
    namespace: 'org.tributary.timer',
    doc: 'A timer of a row is due.',
    fields: [
      { name: 'job', type: 'string', doc: 'The job whose row set the timer.' },
      { name: 'row', type: { type: 'array', items: 'string' }, doc: 'The key of the row, without its tenant.' },
      { name: 'name', type: 'string', doc: 'The name of the timer.' },
      { name: 'due', type: 'long', doc: 'When it was due.', unit: 'ms since 1970 UTC' },
    ],
  },
  { job: 'summarize-batch', row: ['AAA-2013J'], name: 'start', due: 1380585600000 },
);

/**
 * The result of one call of a channel. The runtime emits it to the topic of the job that made the call.
 */
export const callAnswered = defineEvent(
  'call.answered',
  {
    type: 'record',
    name: 'CallAnswered',
    namespace: 'org.tributary.call',
    doc: 'The result of calling a channel on behalf of a row.',
    fields: [
      { name: 'job', type: 'string', doc: 'The job that made the call.' },
      { name: 'row', type: { type: 'array', items: 'string' }, doc: 'The key of the row, without its tenant.' },
      { name: 'attempt', type: 'int', doc: 'The number of the attempt, which starts at 1 for each row.' },
      {
        name: 'outcome',
        type: { type: 'enum', name: 'Outcome', symbols: ['sent', 'away', 'refused', 'unknown'] },
        doc: 'sent: the channel accepted the message; away: the call may be repeated; refused: the channel will never accept the message; unknown: the process ended between the call and its answer, and the channel forbids a second call.',
      },
      {
        name: 'detail',
        type: 'string',
        doc: 'The answer of the channel, which may quote an address.',
        default: '',
        personal: true,
      },
    ],
  },
  { job: 'deliver-message', row: ['mail-1'], attempt: 1, outcome: 'sent', detail: '250 accepted' },
);

/** Events that the runtime emits for one row of a job. Any topic may have them. */
export const EVENTS_OF_ROWS: readonly EventDef[] = [timerFired, callAnswered];

export const isOfARow = (type: string): boolean => EVENTS_OF_ROWS.some((def) => def.type === type);

/**
 * Emitted to every topic when a user is to be forgotten: first to each partition, then for each row that names the user. The runtime folds
 * it for every job.
 */
export const userForgotten = defineEvent(
  'user.forgotten',
  {
    type: 'record',
    name: 'Forgotten',
    namespace: 'org.tributary.user',
    doc: 'A user must be forgotten. From here on, no event that names the user is applied.',
    fields: [
      { name: 'userId', type: 'string', doc: 'The user.', personal: true },
      {
        name: 'job',
        type: 'string',
        doc: 'The job whose row the event is about. Empty if it is about no row.',
        default: '',
      },
      {
        name: 'row',
        type: { type: 'array', items: 'string' },
        doc: 'The key of that row, without its tenant.',
        default: [],
        personal: true,
      },
    ],
  },
  { userId: 'learner-1', job: 'track-progress', row: ['learner-1', 'AAA-2013J'] },
);

/** An event with all its attributes, in the form that is shown to people. */
export interface WholeEvent {
  readonly type: string;
  readonly id: string;
  readonly source: string;
  /** ISO 8601. */
  readonly time: string;
  readonly tenant: string;
  readonly data: unknown;
}
