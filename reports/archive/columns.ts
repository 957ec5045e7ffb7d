/**
 * The archive of a topic: one row for each readable event, unchanged. Personal parts of its data have their own columns, so that erasing
 * them rewrites only these columns.
 *
 * A row has the position of its record, so the rows of a partition in the order of their offsets restore its log. Rows with `only_for` are
 * records for one job: those forwarded to their partition or replayed from the dead letters, timers that fired, and answers of channels. A
 * rebuild of that job's rows reads them; every other reader skips them. The archive has no unreadable records, no records of undeclared
 * types, and no events that request forgetting a user.
 */
import { type Field, type NullableSchema, present, type Schema } from '../../core/avro.ts';
import { EVENTS_OF_ROWS, type Event, type EventDef } from '../../core/event.ts';
import { fieldOf, type Unfit } from '../../core/json.ts';
import { once } from '../../core/once.ts';
import type { Layout, SegmentRow } from '../../sinks/segments/columns.ts';
import type { Topic } from '../../topics/define.ts';

type Columns = Layout['columns'];

const WHERE: Columns = [
  {
    name: 'date',
    type: 'date',
    nullable: false,
    doc: 'The date of recorded_at, in UTC. The table is partitioned by it.',
  },
  {
    name: 'topic_id',
    type: 'string',
    nullable: false,
    doc: 'The id of the topic. A topic that is deleted and created again has another id, and its offsets start again. Empty if the broker has no ids.',
  },
  { name: 'log_partition', type: 'long', nullable: false, doc: 'The partition of the record.' },
  { name: 'log_offset', type: 'long', nullable: false, doc: 'The offset of the record in its partition.' },
  { name: 'recorded_at', type: 'timestamp', nullable: false, doc: 'When the record was written to the log.' },
];
const WHAT: Columns = [
  { name: 'id', type: 'string', nullable: false, doc: 'Unique within its source.' },
  { name: 'source', type: 'string', nullable: false, doc: 'The service that produced the event.' },
  { name: 'type', type: 'string', nullable: false, doc: 'The type of the event.' },
  { name: 'time', type: 'timestamp', nullable: false, doc: 'When the event happened.' },
  {
    name: 'subject',
    type: 'string',
    nullable: true,
    doc: 'The CloudEvents attribute of this name, if the event has it.',
  },
  { name: 'tenant', type: 'string', nullable: false, doc: 'The tenant that the event belongs to.' },
  { name: 'key', type: 'string', nullable: true, doc: 'The key of the record; null for a broadcast.' },
  { name: 'origin', type: 'string', nullable: true, doc: 'The origin of a derived event; null for other events.' },
  {
    name: 'broadcast',
    type: 'boolean',
    nullable: false,
    doc: 'Whether each partition has a copy of the event. Count such events in one partition only.',
  },
  { name: 'data', type: 'string', nullable: false, doc: 'The data of the event, as JSON, without personal fields.' },
];
const FOR_WHOM: Columns = [
  {
    name: 'only_for',
    type: 'string',
    nullable: true,
    doc: 'The only job that the record is for. Set for a copy for another partition, a replayed dead letter, a timer, or the answer of a channel. To count events, read the rows where it is null.',
  },
  {
    name: 'only_rows',
    type: 'string',
    nullable: true,
    doc: 'For a replayed dead letter: the keys of the rows that take it, as JSON. Null: all rows.',
  },
  {
    name: 'only_views',
    type: 'string',
    nullable: true,
    doc: 'For a replayed dead letter: the keys of the rows whose views are written again, as JSON.',
  },
  {
    name: 'first_origin',
    type: 'string',
    nullable: true,
    doc: 'For a copy for another partition: the origin of the record itself.',
  },
];
/** Values that do not fit the schema may be personal. */
const UNFIT = 'personal_unfit';

/** The order of the rows in a segment: that of the log. */
export const ARCHIVE_ORDER = ['topic_id', 'log_partition', 'log_offset'] as const;

export const isBroadcast = ({ broadcasts }: Topic, type: string): boolean =>
  broadcasts.some((broadcast) => broadcast.type === type);

export function archiveLayout(topic: Topic): Layout {
  const personal = new Map<string, string[]>();
  for (const def of archivedDefs(topic)) {
    for (const field of partsOf(def).personal) {
      const column = personalColumn(field);
      personal.set(column, [...(personal.get(column) ?? []), def.type]);
    }
  }
  const columns = [...personal].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    partition: 'date',
    columns: [
      ...WHERE,
      ...WHAT,
      ...FOR_WHOM,
      {
        name: UNFIT,
        type: 'string',
        nullable: true,
        doc: 'Fields with parts that do not fit the schema, as they were sent, as JSON. As jobs see them, they are in data or in their own columns.',
      },
      ...columns.map(([name, types]) => ({
        name,
        type: 'string' as const,
        nullable: true,
        doc: `A personal field of ${types.join(', ')}, as JSON.`,
      })),
    ],
  };
}

export const defsOf = ({ events, broadcasts }: Topic): readonly EventDef[] => [...events, ...broadcasts];

/** The events that the archive of the topic may contain. */
export const archivedDefs = (topic: Topic): readonly EventDef[] => [...defsOf(topic), ...EVENTS_OF_ROWS];

/** How the data of one type of event are split into cells. */
export interface Parts {
  /** The fields that are personal or contain personal data. */
  readonly personal: readonly string[];
  readonly hasBytes: boolean;
}

export const partsOf: (def: EventDef) => Parts = once(({ schema }) => ({
  personal: schema.fields.filter((field) => isIn([field], ({ personal }) => personal === true)).map(({ name }) => name),
  hasBytes: isIn(schema.fields, ({ type }) => innermost(type) === 'bytes'),
}));

/** Whether one of these fields, or a field within one of them, meets the condition. */
function isIn(fields: readonly Field[], is: (field: Field) => boolean): boolean {
  return fields.some((field) => {
    const inner = innermost(field.type);
    return is(field) || (typeof inner === 'object' && inner.type === 'record' && isIn(inner.fields, is));
  });
}

/** The type inside lists, maps and unions with null. */
function innermost(schema: Schema): Exclude<Schema, NullableSchema> {
  const one = present(schema);
  if (typeof one === 'string') return one;
  if (one.type === 'array') return innermost(one.items);
  return one.type === 'map' ? innermost(one.values) : one;
}

/** `ageBand` becomes `personal_age_band`. */
const personalColumn = (field: string): string =>
  `personal_${field.replace(/[A-Z]/g, '_$&').toLowerCase().replace(/^_/, '')}`;

/** The data of an event as cells: `data`, and one for each personal field. */
export function dataCells(data: Event['data'], { personal, hasBytes }: Parts): SegmentRow {
  const json = hasBytes ? withBytes : plain;
  if (personal.length === 0) return { data: json(data) };
  const open: Record<string, unknown> = {};
  const cells: Record<string, string> = {};
  for (const [name, value] of Object.entries(data)) {
    if (!personal.includes(name)) open[name] = value;
    else if (value !== null && value !== undefined) cells[personalColumn(name)] = json(value);
  }
  return { data: json(open), ...cells };
}

/**
 * The inverse of `dataCells`: an event's data as in JSON. Fields that were null or erased are missing and have the default of the schema.
 */
export function dataOf(row: Readonly<Record<string, unknown>>, { personal }: Parts): Record<string, unknown> {
  const data = JSON.parse(String(row['data'])) as Record<string, unknown>;
  for (const field of personal) {
    const cell = row[personalColumn(field)];
    if (typeof cell === 'string') data[field] = JSON.parse(cell);
  }
  return data;
}

/** Original values of fields from which something was dropped: a fold may report them. `sent`: the JSON data, or undefined. */
export function unfitCells(unfit: readonly Unfit[], sent: unknown): SegmentRow {
  if (typeof sent !== 'object' || sent === null) return {};
  const fields = new Set(unfit.map(fieldOf));
  return { [UNFIT]: plain(Object.fromEntries(Object.entries(sent).filter(([name]) => fields.has(name)))) };
}

/** The inverse of `unfitCells`; empty if everything fits. */
export function unfitOf({ [UNFIT]: cell }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return typeof cell === 'string' ? JSON.parse(cell) : {};
}

const plain = (value: unknown): string => JSON.stringify(value);

/** Bytes become base64 text, as in the JSON of events. */
const withBytes = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key, each: unknown) {
    const raw = this[key];
    return raw instanceof Uint8Array ? Buffer.from(raw).toString('base64') : each;
  });
