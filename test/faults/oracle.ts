/** The undisturbed run: the same story and jobs without faults, in this process, on the embedded stores in memory. */
import { jobs } from '../../jobs/index.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { Forgotten } from '../../jobs/runtime/forgotten.ts';
import { runJob } from '../../jobs/runtime/rows/run.ts';
import type { RunningJob } from '../../jobs/runtime/run-group.ts';
import { DEFAULT_SETTINGS, recordBudgetOf, rowBudgetOf } from '../../jobs/runtime/stores.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { upstreamsOf } from '../../jobs/runtime/upstreams.ts';
import { memoryStores, rememberingChannel, type TestStores } from '../../testing/stores.ts';
import { topics } from '../../topics/index.ts';
import { Ledger } from './ledger.ts';
import { entriesFrom, readAll, type View } from './reading.ts';
import { isSettled, PARTITIONS } from './settled.ts';
import type { StoryEvent } from './story.ts';
import { correctRecords } from './story-records.ts';
import { until } from './until.ts';

export interface Oracle {
  readonly ledger: Ledger;
  /** The keys of the messages that were sent, without repeats. */
  readonly messages: () => string[];
  produce(events: readonly StoryEvent[]): Promise<void>;
  /** Waits until nothing is left to do. */
  settle(): Promise<void>;
  read(): Promise<View>;
  close(): Promise<void>;
}

export async function startOracle(): Promise<Oracle> {
  const mail = rememberingChannel(() => ({ outcome: 'sent', detail: 'accepted' }));
  const stores: TestStores = await memoryStores(jobs, {
    topics,
    partitions: PARTITIONS,
    channels: { mail: mail.channel },
  });
  const settings = { ...DEFAULT_SETTINGS, waitMs: 20, timerMs: 20 };
  const runtime = {
    stores,
    clock: systemClock,
    settings,
    telemetry: SILENT,
    recordBudget: recordBudgetOf(settings),
    catchUpBudget: recordBudgetOf(settings),
    rowBudget: rowBudgetOf(settings),
    random: Math.random,
    forgotten: new Forgotten(),
    upstreams: upstreamsOf(jobs),
  };
  let running: RunningJob[] = [];
  const ledger = new Ledger(stores);
  return {
    ledger,
    messages: () => [...new Set(mail.calls)].sort(),
    async produce(events) {
      const records = events.flatMap((one) => correctRecords(one, stores.codec, PARTITIONS));
      if (records.length > 0) await stores.transport.produce(records);
    },
    async settle() {
      // The jobs run only while they are awaited, so that they take no time from the workers under test.
      running = await Promise.all(jobs.map((job) => runJob(job, runtime)));
      const failed = Promise.race(running.map(({ finished }) => finished)).then(() => false);
      await until('the undisturbed run is done', async () => Promise.race([isSettled(stores), failed]));
      await Promise.all(running.map((job) => job.stop()));
      await ledger.readOn();
    },
    read: () => readAll(stores, entriesFrom),
    close: () => stores.close(),
  };
}
