/** An in-memory installation for the demo, and the output of the demo. */
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { type DemoOptions, type Installation, runDemo } from '../../demo/run.ts';
import type { Job } from '../../jobs/define.ts';
import { jobs } from '../../jobs/index.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { Forgotten } from '../../jobs/runtime/forgotten.ts';
import { runCurrent } from '../../jobs/runtime/rows/generations/run-current.ts';
import {
  DEFAULT_SETTINGS,
  recordBudgetOf,
  rowBudgetOf,
  type Settings,
  type Stores,
} from '../../jobs/runtime/stores.ts';
import { upstreamsOf } from '../../jobs/runtime/upstreams.ts';
import { memoryStores, type TestStores } from '../../testing/stores.ts';
import { topics } from '../../topics/index.ts';

export interface TestInstallation extends Installation {
  readonly stores: TestStores;
}

export async function installation(
  t: TestContext,
  options: { channels?: Stores['channels']; settings?: Partial<Settings> } = {},
): Promise<TestInstallation> {
  const stores = await memoryStores(jobs, { topics, partitions: 3, channels: options.channels ?? {} });
  t.after(() => stores.close());
  const settings = { ...DEFAULT_SETTINGS, waitMs: 20, timerMs: 10, ...options.settings };
  return {
    config: { data: 'data' },
    stores,
    platform: { topics, datasources: [] },
    works: jobs,
    paused: async () => new Map(),
    start: (job: Job, runtime) => runCurrent(job, runtime),
    runtime: (telemetry) => ({
      stores,
      clock: systemClock,
      settings,
      telemetry,
      recordBudget: recordBudgetOf(settings),
      catchUpBudget: recordBudgetOf(settings),
      rowBudget: rowBudgetOf(settings),
      random: () => 0.5,
      forgotten: new Forgotten(),
      upstreams: upstreamsOf(jobs),
    }),
  };
}

/** Output that a test can read. `isTTY`: whether it is a terminal. */
export class Output extends Writable {
  readonly isTTY: boolean;
  text = '';
  constructor(isTTY = false) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }
  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk;
    done();
  }
}

/** The text that the demo prints. */
export async function textOf(on: Installation, options: Partial<DemoOptions> = {}): Promise<string> {
  const output = new Output();
  await runDemo(on, { json: false, output, ...options });
  return output.text;
}

/** The figures that the demo prints as JSON. */
export async function figuresOf(on: Installation, options: Partial<DemoOptions> = {}) {
  const output = new Output();
  await runDemo(on, { json: true, output, ...options });
  const { timing, ...figures } = JSON.parse(output.text);
  return { timing, figures };
}
