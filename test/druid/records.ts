/** Records of a topic as platforms and jobs write them, some of them wrong in ways that our decoder notices, and our counts of them. */
import { type Field, isNullable, present } from '../../core/avro.ts';
import type { EventDef } from '../../core/event.ts';
import type { Datasource } from '../../reports/define-datasource.ts';
import { RollupFold } from '../../reports/rollup/fold.ts';
import type { Random } from '../../testing/random.ts';
import { type Codec, ONLY_FOR } from '../../topics/codec/codec.ts';
import { LOGGED_AT } from '../../topics/codec/own-headers.ts';
import type { Topic } from '../../topics/define.ts';
import type { Headers, LogRecord } from '../../topics/log/transport.ts';

export type Written = Pick<LogRecord, 'value' | 'headers' | 'timestamp'>;

/** How an event's data are written into a record. */
export type Form = 'avro' | 'json' | 'structured';

interface Said {
  readonly attributes: Record<string, unknown>;
  readonly data: Record<string, unknown>;
  readonly headers: Record<string, string>;
  readonly timestamp: number;
}

const START = Date.UTC(2026, 2, 28, 12);
const MINUTE = 60_000;
const text = new TextEncoder();

/** Changes that make a record wrong, or only unusual. */
const ODDITIES: readonly ((said: Said) => Partial<Said>)[] = [
  ({ attributes: { time: _, ...attributes } }) => ({ attributes }),
  ({ attributes, timestamp }) => ({ attributes: { ...attributes, time: iso(timestamp + 60 * MINUTE) } }),
  ({ attributes }) => ({ attributes: { ...attributes, time: '2026-03-28T18:31:00.123456+05:30' } }),
  ({ attributes }) => ({ attributes: { ...attributes, time: 'yesterday' } }),
  ({ attributes }) => ({ attributes: { ...attributes, time: '1970-01-20T00:00:00Z' } }),
  ({ attributes }) => ({ attributes: { ...attributes, tenant: '' } }),
  ({ attributes: { id: _, ...attributes } }) => ({ attributes }),
  ({ attributes }) => ({ attributes: { ...attributes, source: '' } }),
  ({ attributes }) => ({ attributes: { ...attributes, specversion: '0.3' } }),
  ({ attributes }) => ({ attributes: { ...attributes, type: 'some.thing' } }),
  ({ headers }) => ({ headers: { ...headers, [ONLY_FOR]: 'track-progress' } }),
  ({ headers, timestamp }) => ({ headers: { ...headers, [LOGGED_AT]: `${timestamp - 90 * MINUTE}` } }),
];
/** Changes of the data that do the same. Only JSON can carry them. */
const ODD_DATA: readonly ((data: Record<string, unknown>, def: EventDef, random: Random) => Record<string, unknown>)[] =
  [
    (data, { schema }, random) => {
      const field = random.pick(schema.fields);
      return Object.fromEntries(Object.entries(data).filter(([name]) => name !== field.name));
    },
    (data, { schema }) => {
      const bounded = schema.fields.find(({ minimum }) => minimum !== undefined);
      return bounded === undefined ? data : { ...data, [bounded.name]: (bounded.minimum ?? 0) - 1 };
    },
    (data, { schema }) => {
      const id = schema.fields.find(({ name }) => name.endsWith('Id'));
      return id === undefined ? data : { ...data, [id.name]: '' };
    },
  ];

const iso = (time: number): string => new Date(time).toISOString();

export class Records {
  readonly #random: Random;
  readonly #codec: Codec;
  #count = 0;

  constructor(random: Random, codec: Codec) {
    this.#random = random;
    this.#codec = codec;
  }

  /** A record of some event of the topic. Now and then it is an odd one. */
  next(topic: Topic, forms: readonly Form[]): Written {
    const random = this.#random;
    const def = random.pick([...topic.events, ...topic.broadcasts]);
    const form = random.pick(forms);
    const said = this.#said(def, form);
    const odd = random.chance(0.25) ? { ...said, ...random.pick(ODDITIES)(said) } : said;
    const data = form !== 'avro' && random.chance(0.15) ? random.pick(ODD_DATA)(odd.data, def, random) : odd.data;
    return this.#written({ ...odd, data }, { topic, def, form });
  }

  #said(def: EventDef, form: Form): Said {
    const random = this.#random;
    this.#count += 1;
    const timestamp = START + random.below(3 * 24 * 60) * MINUTE;
    const attributes = {
      specversion: '1.0',
      id: `e${this.#count}`,
      source: '/test',
      type: def.type,
      time: iso(timestamp - random.below(40) * MINUTE),
      ...(random.chance(0.3) && { tenant: random.pick(['north', 'süd']) }),
    };
    const fields = def.schema.fields.filter((field) => form === 'avro' || !('default' in field) || random.chance(0.7));
    const data = Object.fromEntries(fields.map((field) => [field.name, this.#value(field, def)]));
    return { attributes, data, headers: {}, timestamp };
  }

  #value(field: Field, def: EventDef): unknown {
    const random = this.#random;
    const { name, type, minimum = 0, maximum = 100 } = field;
    if (isNullable(type) && random.chance(0.3)) return null;
    const schema = present(type);
    if (schema === 'boolean') return random.chance(0.5);
    if (schema === 'string')
      return name.endsWith('Id') ? `${name}-${random.below(4)}` : random.pick(['', 'one', "l'eau", 'größer']);
    if (schema === 'int') return minimum + random.below(maximum - minimum + 1);
    if (schema === 'long')
      return minimum > 1e9 || name.endsWith('At') ? START - random.below(4000) * MINUTE : minimum + random.below(1000);
    if (schema === 'double') return minimum + random.below(1000) / 10;
    if (typeof schema === 'object' && schema.type === 'enum') return random.pick(schema.symbols);
    const preset = 'default' in field ? field.default : undefined;
    return preset ?? def.example[name] ?? null;
  }

  #written(said: Said, { topic, def, form }: { topic: Topic; def: EventDef; form: Form }): Written {
    const { attributes, data, timestamp } = said;
    if (form === 'structured') {
      const headers = { ...said.headers, 'content-type': 'application/cloudevents+json; charset=utf-8' };
      return { value: text.encode(JSON.stringify({ ...attributes, data })), headers, timestamp };
    }
    const named = Object.entries(attributes).map(([name, value]) => [`ce_${name}`, String(value)]);
    const headers: Headers = { ...said.headers, ...Object.fromEntries(named), 'content-type': `application/${form}` };
    const value = form === 'avro' ? this.#codec.encode(topic.name, def, data) : text.encode(JSON.stringify(data));
    return { value, headers, timestamp };
  }
}

/** The cells of a row by metric, in the form in which both sides are compared. */
type Cells = Record<string, number | null>;

/** The counts of our fold by bucket, tenant and these dimensions. For a sketch, it is the number of its values. */
export function countedRows(
  datasource: Datasource,
  records: readonly Written[],
  { codec, dimensions }: { codec: Codec; dimensions: readonly string[] },
): Map<string, Cells> {
  const wanted = new Map(datasource.on.map((def) => [def.type, def]));
  const fold = new RollupFold(datasource);
  for (const [offset, record] of records.entries()) {
    const decoded = codec.decode(datasource.from, { ...record, partition: 0, offset, key: null }, wanted);
    if (decoded.kind === 'event' && decoded.onlyFor === undefined) fold.add(decoded.event);
  }
  const rows = new Map<string, Cells>();
  const known = new Map<string, ReadonlySet<bigint>>();
  for (const { rows: ofDay } of fold.drain()) {
    for (const row of ofDay) {
      const tuple = dimensions.map((name) => (typeof row[name] === 'boolean' ? `${row[name]}` : (row[name] ?? null)));
      const key = JSON.stringify([row['bucket'], row['tenant'], ...tuple]);
      // Rows that differ only in dimensions that Druid lacks are one row there.
      const cells = rows.get(key) ?? {};
      rows.set(key, cells);
      for (const { name, kind } of datasource.metrics) {
        const [before, cell] = [cells[name] ?? null, row[name] ?? null];
        if (kind === 'distinct') {
          const values = (known.get(`${key} ${name}`) ?? new Set()).union(new Set(cell as readonly bigint[] | null));
          known.set(`${key} ${name}`, values);
          cells[name] = values.size;
        } else if (kind === 'quantile') {
          const counts = [...((cell ?? new Map()) as ReadonlyMap<number, number>).values()];
          cells[name] = counts.reduce((sum, count) => sum + count, before ?? 0);
        } else if (kind === 'min' || kind === 'max') {
          const values = [before, cell].filter((value) => value !== null).map(Number);
          cells[name] = values.length === 0 ? null : Math[kind](...values);
        } else cells[name] = (before ?? 0) + Number(cell ?? 0);
      }
    }
  }
  return rows;
}
