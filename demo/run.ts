/**
 * The demo: imports the Open University data set into the log, lets all jobs read it, and says what came of it.
 *
 * The courses and the users come first, and the jobs that project them have read them before anything else comes. The jobs would come
 * to the same rows in any order; but then what is derived and counted on the way is the same in every run, too.
 *
 * It can be killed at any moment and run again: it goes on where it was, and comes to the same figures.
 */
import { relative, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { RunningJob } from '../jobs/runtime/run-group.ts';
import type { Runtime, Stores } from '../jobs/runtime/stores.ts';
import { SILENT, type Telemetry } from '../jobs/runtime/telemetry.ts';
import type { Work } from '../jobs/runtime/work.ts';
import type { Platform } from '../modules/define.ts';
import type { Topic } from '../topics/define.ts';
import { contentEvents, userEvents } from '../topics/index.ts';
import { type Display, displayOn, NO_DISPLAY } from './display.ts';
import { eventsOf } from './events.ts';
import { collectFigures, pickSample } from './figures.ts';
import { openImport } from './import.ts';
import { readRows } from './read.ts';
import { selectRows } from './rows.ts';
import { type Amount, summaryText, type Timing } from './summary.ts';
import { type Survey, survey } from './survey.ts';

/** What the demo needs of an installation: topics made, schemas registered, tables prepared. */
export interface Installation {
  /** `data` is the folder of what is embedded. */
  readonly config: { readonly data: string };
  readonly stores: Stores;
  readonly platform: Pick<Platform, 'topics'>;
  /** The jobs, and the rollups of datasources. */
  readonly works: readonly Work[];
  runtime(telemetry: Telemetry): Runtime;
  start(work: Work, runtime: Runtime): Promise<RunningJob>;
}

export interface DemoOptions {
  /** One JSON object instead of progress and tables. */
  readonly json: boolean;
  readonly output: Writable & { readonly isTTY?: boolean };
  /** The ids of the presentations to import, such as AAA-2013J; none means all. */
  readonly presentations?: readonly string[];
  /** Hears what the jobs tell. */
  readonly telemetry?: Telemetry;
  /** When it is aborted, the batches at hand are finished and the call throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What the steps of one run have in common. */
interface Run {
  readonly runtime: Runtime;
  readonly start: Installation['start'];
  readonly display: Display;
  readonly signal: AbortSignal;
}

/** What others look up. */
const FIRST: readonly Topic[] = [contentEvents, userEvents];
/** Events in one transaction of the import. */
const CHUNK = 2000;
const LOOK_EVERY_MS = 100;

export async function runDemo(installation: Installation, options: DemoOptions): Promise<void> {
  const { json, output, presentations = [], telemetry = SILENT, signal = new AbortController().signal } = options;
  const startedAt = performance.now();
  if (!json) output.write('Real learning events, from the Open University, into projections:\n\n');
  const display = json ? NO_DISPLAY : displayOn(output);
  const start: Run['start'] = (work, runtime) => installation.start(work, runtime);
  const run: Run = { runtime: installation.runtime(telemetry), start, display, signal };
  const { stores, platform } = installation;
  const { topics } = platform;
  const { works } = installation;
  let imported: Amount;
  let applied: Amount;
  try {
    imported = await importEvents(run, presentations, works);
    applied = await runUntilQuiet(run, works);
  } finally {
    display.end();
  }
  const figures = await collectFigures(stores, topics);
  const timing: Timing = { imported, applied, seconds: secondsSince(startedAt) };
  if (json) output.write(`${JSON.stringify({ ...figures, timing }, null, 2)}\n`);
  else
    output.write(summaryText(figures, timing, await pickSample(stores, figures), flagsFor(installation.config.data)));
}

/** The folder is named only where it is not the default. */
function flagsFor(data: string): string {
  if (resolve(data) === resolve('data')) return '';
  const near = relative('', data);
  const path = near.startsWith('..') ? data : near;
  return ` --data ${/^[\w./-]+$/.test(path) ? path : JSON.stringify(path)}`;
}

async function importEvents(run: Run, presentations: readonly string[], works: readonly Work[]): Promise<Amount> {
  const startedAt = performance.now();
  const { display, signal } = run;
  const { transport, codec } = run.runtime.stores;
  const chosen = [...new Set(presentations)].sort();
  const made = chosen.length === 0 ? 'all presentations' : `the presentations ${chosen.join(', ')}`;
  const demo = await openImport(transport, codec, made);
  try {
    const before = demo.done;
    if (before === demo.total) return { records: 0, seconds: 0 };
    const { first, rest } = readEvents(chosen);
    const events = [...first, ...rest];
    const progress = (done: number): void => {
      display.show('import', done, events.length);
      signal.throwIfAborted();
    };
    progress(before);
    await demo.run(events, { until: first.length, chunk: CHUNK, progress });
    const projecting = await runUntilQuiet(
      run,
      works.filter(({ from }) => FIRST.includes(from)),
    );
    await demo.run(events, { until: events.length, chunk: CHUNK, progress });
    return { records: demo.done - before, seconds: secondsSince(startedAt) - projecting.seconds };
  } finally {
    await demo.close();
  }
}

function readEvents(presentations: readonly string[]) {
  const rows = readRows();
  const events = eventsOf(presentations.length === 0 ? rows : selectRows(rows, presentations));
  const [first = [], rest = []] = [true, false].map((wanted) =>
    events.filter(({ topic }) => FIRST.includes(topic) === wanted),
  );
  return { first, rest };
}

/** Runs the jobs until they have nothing left to do; not at all if there is nothing to begin with. */
async function runUntilQuiet({ runtime, display, signal, start }: Run, works: readonly Work[]): Promise<Amount> {
  const startedAt = performance.now();
  const look = async (): Promise<Survey> => {
    const seen = await survey(runtime.stores, works, runtime.clock.now());
    for (const { topic, read, total } of seen.topics) display.show(topic, read, total);
    return seen;
  };
  const before = await look();
  if (before.quiet) return { records: 0, seconds: 0 };
  const running = await Promise.all(works.map((work) => start(work, runtime)));
  const failed = Promise.race(running.map(({ finished }) => finished));
  failed.catch(() => {});
  try {
    for (;;) {
      await Promise.race([runtime.clock.sleep(LOOK_EVERY_MS, signal), failed]);
      signal.throwIfAborted();
      const seen = await look();
      if (seen.quiet) return { records: readOf(seen) - readOf(before), seconds: secondsSince(startedAt) };
    }
  } finally {
    await Promise.all(running.map((job) => job.stop()));
  }
}

const readOf = ({ topics }: Survey): number => topics.reduce((sum, { read }) => sum + read, 0);
const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000;
