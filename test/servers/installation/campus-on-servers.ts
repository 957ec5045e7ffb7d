/** The jobs of the campus on Kafka and Cassandra, with their own topics and tables. Every process has its own clients, as on servers. */

import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { currentTables } from '../../../jobs/runtime/rows/generations/current-tables.ts';
import type { RunningJob } from '../../../jobs/runtime/run-group.ts';
import type { Runtime } from '../../../jobs/runtime/stores.ts';
import { upstreamsOf } from '../../../jobs/runtime/upstreams.ts';
import type { RunningServer } from '../../../servers/running.ts';
import { cassandraTables } from '../../../sinks/tables/cassandra/tables.ts';
import { memoryStores, testRuntime } from '../../../testing/stores.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import { topics } from '../../../topics/index.ts';
import { kafkaTransport } from '../../../topics/kafka/transport.ts';
import type { Transport } from '../../../topics/log/transport.ts';
import { CAMPUS_JOBS, Campus, PARTITIONS } from '../../harness/campus.ts';
import { FOR_EVER } from '../../harness/retention.ts';
import { named } from './crash-stores.ts';

interface Servers {
  readonly kafka: RunningServer;
  readonly cassandra: RunningServer;
  /** The largest number of records, and of keys, in a batch. */
  readonly most: number;
}

export async function campusOnServers(t: TestContext, { kafka, cassandra, most }: Servers) {
  const id = randomUUID().replaceAll('-', '').slice(0, 12);
  const prefix = `campus-${id}.`;
  const local = await memoryStores(CAMPUS_JOBS, { topics, partitions: PARTITIONS });
  t.after(() => local.close());
  const opened = () => {
    const tables = cassandraTables({ url: `${cassandra.url}/campus_${id}` });
    const log = kafkaTransport({ url: kafka.url, heartbeatMs: 300 });
    t.after(() => Promise.all([tables.close(), log.close()]));
    return { ...local, tables: currentTables(tables, CAMPUS_JOBS), transport: named(log, prefix) };
  };
  const stores = opened();
  const both = topics.flatMap(({ name }) => [name, deadLetterTopic(name)]);
  await stores.transport.createTopics(both.map((name) => ({ name, partitions: PARTITIONS, retentionMs: FOR_EVER })));
  const targets = CAMPUS_JOBS.flatMap((job) => [job.row, ...job.views.map((view) => view.into)]);
  await stores.tables.prepare(targets.filter((target) => target.kind === 'table'));
  /** A runtime with this transport, or with its own clients. */
  const runtime = (transport?: Transport): Runtime =>
    testRuntime(transport === undefined ? opened() : { ...stores, transport }, {
      clock: systemClock,
      upstreams: upstreamsOf(CAMPUS_JOBS),
      settings: { waitMs: 100, timerMs: 1000, backOffMs: [20, 200], maxRecords: most, maxKeys: most },
    });
  return { campus: await Campus.open(stores), runtime, local, prefix };
}

const OFTEN_MS = 20;
const SELDOM_MS = 1000;
/** This many learners make the steps of a swap take a while. If their number kept growing, no step would end on a slow machine. */
const MANY = 2000;

/** Enrolls learners until it is stopped or the test ends; otherwise a failed test would not end. Nobody else may enrol meanwhile. */
export function underLoad(t: TestContext, campus: Campus) {
  const stopping = new AbortController();
  let enrolled = 0;
  const loading = (async () => {
    while (!stopping.signal.aborted) {
      await campus.enrol(5);
      enrolled += 5;
      await systemClock.sleep(enrolled < MANY ? OFTEN_MS : SELDOM_MS, stopping.signal);
    }
  })();
  // The test awaits `loading` and fails with its error.
  loading.catch(() => undefined);
  t.after(() => stopping.abort());
  return {
    /** The number of learners so far. */
    get enrolled() {
      return enrolled;
    },
    async stop(): Promise<number> {
      stopping.abort();
      await loading;
      return enrolled;
    },
  };
}

/** Throws if one of the jobs ends, since then there is nothing to wait for. */
export async function caughtUp({ stores }: Campus, workers: readonly RunningJob[]): Promise<void> {
  const looking = new AbortController();
  const ended = workers.map(async ({ finished }) => {
    await finished;
    throw new Error('a job has ended');
  });
  const isSo = async (): Promise<void> => {
    while (!looking.signal.aborted) {
      const lags = await Promise.all(CAMPUS_JOBS.map(({ name, from }) => stores.transport.lag(name, from.name)));
      if (lags.flat().every(({ lag }) => lag === 0)) return;
      await systemClock.sleep(50, looking.signal);
    }
  };
  try {
    await Promise.race([isSo(), ...ended]);
  } finally {
    looking.abort();
  }
}
