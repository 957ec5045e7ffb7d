/**
 * The most that Cassandra can take: the rows that `track-progress` writes for a load (the learner's row, then its row in the view by
 * batch), written directly with cassandra-driver. Everything else is done before the clock starts. Nothing is read, decoded or emitted.
 * With `whole` each row is written completely after its event, as by a writer without the earlier row; with `changes` by the pipeline's
 * statements, which leave out what did not change. The first events find the best number of statements in flight, with a share of them
 * for each level. Only the remaining events are measured, at that level. The load is written in pieces, each made before its clock
 * starts. Prints one JSON line.
 */
import { Client, types } from 'cassandra-driver';
import type { Entries } from '../../core/entries.ts';
import { DEFAULT_TENANT } from '../../core/event.ts';
import { mapFields } from '../../core/target.ts';
import { Rejection, type Row } from '../../jobs/define.ts';
import { viewChanges } from '../../jobs/runtime/rows/views/make.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { batchLearners, learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { tableRequest } from '../../sinks/tables/cassandra/request.ts';
import { changeParameters, insertParameters } from '../../sinks/tables/cassandra/rows.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import { updateStatement } from '../../sinks/tables/cassandra/updates.ts';
import { courseRows, enrollmentLoad, type Shape } from './servers-load.ts';

interface Statement {
  readonly query: string;
  readonly params: unknown[];
}

const IN_FLIGHT = [32, 64, 128, 256, 512];
/** The load is written in this many pieces, or in more if they would exceed `LARGEST_PIECE`. The first one tries the levels. */
const PIECES = 5;
const LARGEST_PIECE = 60_000;
/** Statements before the measurement. */
const WARM_UP = 4000;
/** The length of an outbox with one derived event. */
const OUTBOX = 'x'.repeat(170);

const [url = '', shape = 'scattered', eventCount = '60000', how = 'changes'] = process.argv.slice(2);
const { hostname, port, pathname } = new URL(url);
const keyspace = pathname.slice(1);
const tables = cassandraTables({ url });
await tables.prepare([learnerProgress, batchLearners]);
await tables.close();

const client = new Client({
  contactPoints: [`${hostname}:${port}`],
  localDataCenter: 'datacenter1',
  encoding: { map: Map },
  pooling: { maxRequestsPerConnection: 2048, warmup: true },
  queryOptions: { prepare: true, isIdempotent: true, consistency: types.consistencies.localQuorum },
});
await client.connect();
const load = statementsOf(Number(eventCount));
const pieceEvents = Math.min(LARGEST_PIECE, Math.ceil(Number(eventCount) / PIECES));
const first = piece();
await run(first.slice(0, WARM_UP), 64);
const share = Math.floor(first.length / IN_FLIGHT.length / 2) * 2;
const rates: Record<string, number> = {};
for (const [i, inFlight] of IN_FLIGHT.entries()) {
  const { events, seconds } = await run(first.slice(i * share, (i + 1) * share), inFlight);
  rates[inFlight] = events / seconds;
}
const inFlight = IN_FLIGHT.reduce((best, each) => ((rates[each] as number) > (rates[best] as number) ? each : best));
const sum = { events: 0, seconds: 0, cpuSeconds: 0 };
for (let part = piece(); part.length > 0; part = piece()) {
  const { user, system } = process.cpuUsage();
  const { events, seconds } = await run(part, inFlight);
  const after = process.cpuUsage();
  sum.events += events;
  sum.seconds += seconds;
  sum.cpuSeconds += (after.user + after.system - user - system) / 1e6;
}
await client.shutdown();
const { events, seconds, cpuSeconds } = sum;
const written = events + first.length / 2;
process.stdout.write(
  `${JSON.stringify({ rates, inFlight, rate: events / seconds, written, cpuMicros: (1e6 * cpuSeconds) / events })}\n`,
);

function piece(): Statement[] {
  const statements: Statement[] = [];
  // Not `take`, which would end the generator.
  for (let n = 0; n < pieceEvents; n++) {
    const { value, done } = load.next();
    if (done) break;
    statements.push(...value);
  }
  return statements;
}

async function run(part: readonly Statement[], inFlight: number): Promise<{ events: number; seconds: number }> {
  const startedAt = performance.now();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < part.length) {
      const { query, params } = part[next++] as Statement;
      await client.execute(query, params);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  return { events: part.length / 2, seconds: (performance.now() - startedAt) / 1000 };
}

/** Two statements for each event: one for the row, one for its view. */
function* statementsOf(count: number): Generator<Statement[], undefined> {
  const rowRequest = tableRequest(learnerProgress, keyspace);
  const viewRequest = tableRequest(batchLearners, keyspace);
  const view = trackProgress.views.find(({ into }) => into === batchLearners);
  if (view === undefined) throw new Error('track-progress has no view batch_learners');
  const courses = new Map(courseRows().map(({ key, data }) => [key[1], data]));
  const rows = new Map<string, { data: Row; revision: number }>();
  for (const { def, data, id, time } of enrollmentLoad(shape as Shape, count)) {
    const { userId, courseId } = data as { userId: string; courseId: string };
    const before = rows.get(userId);
    const event = { id, source: '', type: def.type, time, tenant: DEFAULT_TENANT, data };
    const after = trackProgress.fold[def.type]?.(before?.data, event as never, { course: courses.get(courseId) });
    if (after === undefined || after instanceof Rejection) throw new Error(`${def.type} was not folded`);
    const version = { token: 1, revision: (before?.revision ?? 0) + 1 };
    const key = [DEFAULT_TENANT, userId, courseId];
    const whole = how === 'whole' || before === undefined;
    const row = { key, version, at: `0:${time}`, outbox: OUTBOX, timers: {}, data: after, partition: 0, whole };
    const statements: Statement[] = [
      whole
        ? { query: rowRequest.insert, params: insertParameters(rowRequest, row, { attempt: 0, now: 0 }) }
        : updateStatement(rowRequest, row),
    ];
    for (const { key, record } of viewChanges(view, {
      tenant: DEFAULT_TENANT,
      before: before?.data,
      after,
      again: false,
    }).puts) {
      statements.push({ query: viewRequest.put, params: changeParameters(viewRequest, { key, version, record }) });
    }
    const settled: Record<string, unknown> = { ...after };
    for (const { name } of mapFields(learnerProgress.record))
      settled[name] = (after[name] as Entries<unknown>).settled();
    rows.set(userId, { data: settled, revision: version.revision });
    yield statements;
  }
}
