/**
 * Given / when / then for one datasource: the real declaration, codec and fold, values in and rows out.
 *
 *     const spec = await datasourceSpec(t, enrollments, { rows: [[userProfile, profile]] });
 *     await spec.when([learnerJoined, { … }], [learnerLeft, { … }]);
 *     spec.thenRows({ region: 'Scotland', joined: 1, departed: 1, learners: 1 });
 *
 * In a row that is expected, what is left out is not compared; a count of different values is a number; and of quantiles the values that
 * went in are given, as a list. Refused events must be asked for, or there are none.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Entries } from '../core/entries.ts';
import { DEFAULT_TENANT, type EventDef } from '../core/event.ts';
import { keyFields, mapFields } from '../core/target.ts';
import { IN_MEMORY, openDatabase } from '../embedded/database.ts';
import { type Lookup, Rejection, type Row } from '../jobs/define.ts';
import { lookupId } from '../jobs/runtime/lookups.ts';
import type { Datasource } from '../reports/define-datasource.ts';
import { RollupFold, type SegmentRow } from '../reports/rollup/fold.ts';
import type { Cell } from '../reports/rollup/metrics.ts';
import { keyOf } from '../reports/rollup/sketches.ts';
import { Codec } from '../topics/codec/codec.ts';
import { embeddedRegistry } from '../topics/embedded/registry.ts';
import { minute, type SpecEvent, type SpecRow } from './job-spec.ts';
import { recordsOf } from './produce.ts';

/** Columns by name. For quantiles, the values that went in. */
export type ExpectedRow = Readonly<Record<string, string | number | bigint | boolean | null | readonly number[]>>;

export class DatasourceSpec {
  readonly datasource: Datasource;
  readonly fold: RollupFold;
  readonly #codec: Codec;
  readonly #wanted: ReadonlyMap<string, EventDef>;
  readonly #rows = new Map<string, Row>();
  #events = 0;
  /** The reasons of refused events since the last `thenRefused`. */
  refused: string[] = [];

  constructor(datasource: Datasource, codec: Codec) {
    this.datasource = datasource;
    this.fold = new RollupFold(datasource);
    this.#codec = codec;
    this.#wanted = new Map(datasource.on.map((def) => [def.type, def]));
  }

  /** Puts rows of jobs where lookups find them. Map fields may be plain objects. */
  lookups(...rows: readonly SpecRow[]): void {
    for (const [table, row] of rows) {
      const data: Record<string, unknown> = { ...row };
      for (const { name } of mapFields(table.record)) {
        data[name] = data[name] instanceof Entries ? data[name] : Entries.of(Object.entries(data[name] ?? {}));
      }
      const key = Object.fromEntries(keyFields(table).map((name) => [name, row[name] as string]));
      this.#rows.set(lookupId(DEFAULT_TENANT, { table, key }), data);
    }
  }

  /** Counts the events as they come out of the log. */
  when(...events: readonly SpecEvent[]): void {
    for (const [def, data, rest] of events) {
      const n = this.#events++;
      const { from } = this.datasource;
      const given = { topic: from, def, data, id: `event-${n}`, time: minute(n), ...rest };
      const [record] = recordsOf(this.#codec, given, 1);
      assert.ok(record);
      const decoded = this.#codec.decode(from, { ...record, offset: n }, this.#wanted);
      if (decoded.kind === 'ignored') continue;
      assert.ok(decoded.kind === 'event', `${def.type} is no event: ${JSON.stringify(decoded)}`);
      const { event } = decoded;
      const lookups = this.datasource.lookups?.(event) ?? {};
      const found = Object.fromEntries(
        Object.entries(lookups).map(([name, lookup]) => [name, this.#found(event.tenant, lookup)]),
      );
      const answer = this.fold.add(event, found);
      if (answer instanceof Rejection) this.refused.push(`${answer.code}: ${answer.message}`);
    }
  }

  #found(tenant: string, lookup: Lookup): Row | undefined {
    return this.#rows.get(lookupId(tenant, lookup));
  }

  /** Exactly these rows were counted since the last call, ordered by date, tenant, dimensions and bucket. */
  thenRows(...expected: readonly ExpectedRow[]): void {
    const actual = Array.from(this.fold.drain()).flatMap(({ date, rows }) =>
      Array.from(rows, (row): SegmentRow => ({ date, ...row })),
    );
    // An unexpected row is shown with all its columns.
    const shown = actual.map((row, i) => this.#shown(row, Object.keys(expected[i] ?? row)));
    assert.deepEqual(
      shown,
      expected.map((row) => this.#expected(row)),
    );
  }

  #shown(row: SegmentRow, names: readonly string[]): Record<string, unknown> {
    return Object.fromEntries(names.map((name) => [name, this.#cell(name, row[name])]));
  }

  #cell(name: string, cell: Cell | undefined): unknown {
    const kind = this.#kindOf(name);
    if (kind === 'distinct') return Array.isArray(cell) ? cell.length : 0;
    if (kind === 'quantile') return cell instanceof Map ? Object.fromEntries(cell) : {};
    return cell;
  }

  #expected(row: ExpectedRow): Record<string, unknown> {
    const entries = Object.entries(row).map(([name, value]): [string, unknown] => {
      if (this.#kindOf(name) !== 'quantile') return [name, value];
      const keys = Array.isArray(value) ? value.map(keyOf) : [];
      const times = Map.groupBy(keys, (key) => key);
      return [name, Object.fromEntries(Array.from(times, ([key, all]) => [key, all.length]))];
    });
    return Object.fromEntries(entries);
  }

  #kindOf(name: string): string | undefined {
    return this.datasource.metrics.find((metric) => metric.name === name)?.kind;
  }

  /** Exactly these events were refused since the last call, one for each reason: `CODE: message`. */
  thenRefused(...reasons: readonly RegExp[]): void {
    const refused = this.refused;
    this.refused = [];
    assert.equal(refused.length, reasons.length, refused.join('\n'));
    reasons.forEach((reason, i) => {
      assert.match(refused[i] as string, reason);
    });
  }
}

export async function datasourceSpec(
  t: TestContext,
  datasource: Datasource,
  options: { readonly rows?: readonly SpecRow[] } = {},
): Promise<DatasourceSpec> {
  const database = openDatabase(IN_MEMORY);
  const codec = new Codec(embeddedRegistry(database));
  await codec.prepare([datasource.from]);
  const spec = new DatasourceSpec(datasource, codec);
  spec.lookups(...(options.rows ?? []));
  t.after(() => {
    database.close();
    assert.deepEqual(spec.refused, [], 'refused events that nobody asked for');
  });
  return spec;
}
