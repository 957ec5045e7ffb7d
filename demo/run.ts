/**
 * The demo: imports the Open University data set into the log, lets all jobs read it, and reports the results.
 *
 * The courses and the users come first, and the jobs that project them read them before any other event is imported. The jobs would make
 * the same rows in any order. With this order, the derived events and the counts are the same in every run, too.
 *
 * The process can be killed at any moment and run again: it continues where it was, with the same results.
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
import { type Survey, survey, type TopicProgress } from './survey.ts';

/** What the demo needs of an installation: topics made, schemas registered, tables prepared. */
export interface Installation {
  /** `data` is the folder of the embedded stores. */
  readonly config: { readonly data: string };
  readonly stores: Stores;
  readonly platform: Pick<Platform, 'topics' | 'datasources'>;
  /** The jobs, and the rollups of datasources. */
  readonly works: readonly Work[];
  runtime(telemetry: Telemetry): Runtime;
  /** Why works are paused, by name. */
  paused(): Promise<ReadonlyMap<string, string>>;
  start(work: Work, runtime: Runtime): Promise<RunningJob>;
}

export interface DemoOptions {
  /** One JSON object instead of progress and tables. */
  readonly json: boolean;
  /** Whether the terminal stays busy after the demo has ended. */
  readonly goesOn?: boolean;
  readonly output: Writable & { readonly isTTY?: boolean };
  /** The ids of the presentations to import, such as AAA-2013J; none means all. */
  readonly presentations?: readonly string[];
  /** Receives remarks for the user. */
  readonly note?: (text: string) => void;
  /** Receives what the jobs report. */
  readonly telemetry?: Telemetry;
  /** When it is aborted, the current batches are finished and the call throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Shared by the steps of one run. */
interface Run {
  readonly runtime: Runtime;
  readonly start: Installation['start'];
  /** The works that are not paused. Reports each paused one once. */
  readonly unpaused: (works: readonly Work[]) => Promise<Work[]>;
  readonly display: Display;
  readonly signal: AbortSignal;
}

/** Rows from these topics are looked up by other jobs. */
const FIRST: readonly Topic[] = [contentEvents, userEvents];
/** Events per transaction of the import. */
const CHUNK = 2000;
const LOOK_EVERY_MS = 100;

export async function runDemo(installation: Installation, options: DemoOptions): Promise<void> {
  const { json, output, presentations = [], telemetry = SILENT, signal = new AbortController().signal } = options;
  const startedAt = performance.now();
  if (!json) output.write('Real learning events, from the Open University, into projections:\n\n');
  const display = json ? NO_DISPLAY : displayOn(output);
  const start: Run['start'] = (work, runtime) => installation.start(work, runtime);
  const unpaused = unpausedOf(installation, options.note ?? (() => {}));
  const run: Run = { runtime: installation.runtime(telemetry), start, unpaused, display, signal };
  const { stores, platform } = installation;
  const { topics } = platform;
  const { works } = installation;
  let imported: Amount;
  let applied: Amount;
  let counted: Amount;
  try {
    imported = await importEvents(run, presentations, works);
    // In sequence: rollups that find all events in the log write fewer segments.
    const jobs = works.filter(isJob);
    applied = await runUntilQuiet(run, jobs, ({ topic }) => topic);
    counted = await runUntilQuiet(
      run,
      works.filter((work) => !isJob(work)),
      () => 'rollups',
    );
  } finally {
    display.end();
  }
  const figures = await collectFigures(stores, topics);
  const timing: Timing = { imported, applied, counted, seconds: secondsSince(startedAt) };
  if (json) output.write(`${JSON.stringify({ ...figures, timing }, null, 2)}\n`);
  else
    output.write(
      summaryText({
        figures,
        timing,
        sample: await pickSample(stores, figures),
        rollups: platform.datasources.map(({ name }) => name),
        flags: flagsFor(installation.config.data),
        goesOn: options.goesOn ?? false,
      }),
    );
}

/** The folder is named only if it is not the default. */
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
      works.filter((work) => isJob(work) && FIRST.includes(work.from)),
      ({ topic }) => topic,
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

function unpausedOf({ paused }: Pick<Installation, 'paused'>, note: (text: string) => void): Run['unpaused'] {
  const said = new Set<string>();
  return async (works) => {
    const why = await paused();
    for (const { name } of works) {
      const text = why.get(name);
      if (text === undefined || said.has(name)) continue;
      said.add(name);
      note(`${name} ${text}; the demo goes on without it, until \`tributary resume ${name}\` and another start`);
    }
    return works.filter(({ name }) => !why.has(name));
  };
}

/**
 * Runs works until they have nothing left to do, or not at all if there is nothing to do. It does not wait for paused works, and stops
 * works that are paused meanwhile. `labelOf` names the bar of a topic.
 */
async function runUntilQuiet(
  { runtime, display, signal, start, unpaused }: Run,
  works: readonly Work[],
  labelOf: (progress: TopicProgress) => string,
): Promise<Amount> {
  const startedAt = performance.now();
  const look = async (): Promise<Survey> => {
    const seen = await survey(runtime.stores, await unpaused(works), runtime.clock.now());
    for (const [label, topics] of Map.groupBy(seen.topics, labelOf)) {
      const sum = (of: (progress: TopicProgress) => number) => topics.reduce((total, each) => total + of(each), 0);
      display.show(
        label,
        sum(({ read }) => read),
        sum(({ total }) => total),
      );
    }
    return seen;
  };
  const before = await look();
  if (before.quiet) return { records: 0, seconds: 0 };
  const started = (await unpaused(works)).map(async (work) => [work, await start(work, runtime)] as const);
  const running = new Map(await Promise.all(started));
  const failed = Promise.all([...running.values()].map(({ finished }) => finished));
  failed.catch(() => {});
  try {
    for (;;) {
      await Promise.race([runtime.clock.sleep(LOOK_EVERY_MS, signal), failed]);
      signal.throwIfAborted();
      const working = await unpaused(works);
      for (const [work, job] of running) {
        if (working.includes(work)) continue;
        running.delete(work);
        await job.stop();
      }
      const seen = await look();
      if (seen.quiet) return { records: readOf(seen) - readOf(before), seconds: secondsSince(startedAt) };
    }
  } finally {
    await Promise.all([...running.values()].map((job) => job.stop()));
  }
}

const isJob = (work: Work): boolean => 'row' in work;
const readOf = ({ topics }: Survey): number => topics.reduce((sum, { read }) => sum + read, 0);
const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000;
