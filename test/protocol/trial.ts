/** Runs one seed, and returns the errors at its end as text. */
import { messageOf } from '../../core/errors.ts';
import { DEFAULT_TENANT } from '../../core/event.ts';
import { partitionsOf } from '../../testing/dump.ts';
import { Random } from '../../testing/random.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import type { LogRecord } from '../../topics/log/transport.ts';
import { pipelineTotals, sumOf } from '../harness/pipeline-totals.ts';
import { messageOf as callOf, type Item, jobA, jobB, listOf, saysOf, shown, shows, two } from './jobs.ts';
import { idOf, type Verdict } from './ledger.ts';
import { MOST_RECORDS, World, type WorldOptions } from './world.ts';

export async function trial(seed: number, options: WorldOptions = {}): Promise<string[]> {
  const possessionRecords = seed % 2 === 0 ? MOST_RECORDS : undefined;
  const world = await World.make(new Random(seed), { possessionRecords, ...options });
  try {
    if (!(await world.run())) return ['not done'];
    return await wrong(world);
  } catch (error) {
    return [`fatal: ${messageOf(error)}`];
  } finally {
    await world.stores.close();
  }
}

async function wrong({ stores, ledger, committed, rewinds, scenario, emittedBefore }: World): Promise<string[]> {
  const found: string[] = [];
  const check = (isRight: boolean, what: string): void => {
    if (!isRight) found.push(what);
  };
  const rowsOf = async (job: typeof jobA) => {
    const { items } = await stores.tables.scan(job.row, { limit: 1000 });
    return items.map(({ key, data }) => [key[1] as string, listOf(data)] as const);
  };
  const a = await rowsOf(jobA);
  const b = await rowsOf(jobB);
  const pipeline = await pipelineTotals(stores);
  for (const [name, rows, job] of [
    ['A', a, jobA],
    ['B', b, jobB],
  ] as const) {
    const verdicts = ledger.verdicts.get(job) as ReadonlyMap<string, Verdict>;
    const applied = rows.flatMap(([, list]) => list);
    check(applied.length === new Set(applied.map(({ id }) => id)).size, `${name}: applied twice`);
    check(same(itemsOf(verdicts), applied.map(textOf)), `${name}: rows are not as committed`);
    const rejected = idsOf(verdicts, (verdict) => verdict === 'rejected');
    const deadLetters = (await recordsIn(stores, deadLetterTopic(job.from.name))).map(idOf);
    // A dead letter may be sent again after a rewind.
    check(
      same(rewinds || scenario === 'restored' ? [...new Set(deadLetters)] : deadLetters, rejected),
      `${name}: dead letters`,
    );
    const totals = pipeline.get(job.name);
    check(sumOf(totals) === committed.of(job.name), `${name}: figures of the pipeline`);
    check(
      (totals?.records.rejected ?? 0) === deadLetters.length,
      `${name}: dead letters in the figures of the pipeline`,
    );
    const without = idsOf(verdicts, (verdict) => verdict === undefined);
    check(
      without.every((id) => ledger.judgements.get(id)?.has('unchanged')),
      `${name}: lost without a word`,
    );
  }

  const emissions = a.flatMap(([key, list]) => list.map((item, i) => ({ ...saysOf(key, i + 1, item), item })));
  const sent = new Map(
    [...emittedBefore, ...(await recordsIn(stores, two.name))].map((record) => [idOf(record), textIn(stores, record)]),
  );
  check(
    same(
      [...sent.values()],
      emissions.flatMap(({ events }) => events.map(([, said]) => said)),
    ),
    'events are not what rows say',
  );
  const taken = idsOf(ledger.verdicts.get(jobB) as ReadonlyMap<string, Verdict>, (verdict) => verdict !== undefined);
  check(same(taken, [...sent.keys()]), 'events lost downstream');

  const records = await stores.tables.select(shown, [DEFAULT_TENANT], { limit: 1000 });
  const expected = a.flatMap(([key, list]) => shows(key, list) ?? []);
  check(same(records.items.map(textOf), expected.map(textOf)), 'views');

  // Restored rows do not know about calls made after the backup.
  check(scenario === 'restored' || new Set(stores.calls).size === stores.calls.length, 'called twice');
  const calls = new Set(emissions.flatMap(({ isCall, item }) => (isCall ? [callOf(item)] : [])));
  check(
    stores.calls.every((call) => calls.has(call)),
    'called what no row says',
  );
  return found;
}

const idsOf = (verdicts: ReadonlyMap<string, Verdict>, which: (verdict: Verdict) => boolean): string[] =>
  [...verdicts].filter(([, verdict]) => which(verdict)).map(([id]) => id);

const itemsOf = (verdicts: ReadonlyMap<string, Verdict>): string[] =>
  [...verdicts.values()].filter((verdict): verdict is Item => typeof verdict === 'object').map(textOf);

/** Text that does not depend on the order of the fields. */
const textOf = (record: object): string => JSON.stringify(Object.entries(record).sort(([x], [y]) => (x < y ? -1 : 1)));

const same = (some: readonly string[], others: readonly string[]): boolean =>
  [...some].sort().join('\n') === [...others].sort().join('\n');

const recordsIn = async (stores: World['stores'], topic: string): Promise<LogRecord[]> =>
  (await partitionsOf(stores.transport, topic)).flat();

function textIn({ codec }: World['stores'], record: LogRecord): string {
  const decoded = codec.decode(two, record, new Map(two.events.map((def) => [def.type as string, def])));
  return decoded.kind === 'event' ? (decoded.event.data as { said: string }).said : decoded.kind;
}
