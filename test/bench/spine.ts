/**
 * `npm run bench`: how fast the jobs are on the embedded default, each figure with a baseline of the same run. Every measurement has
 * its own process, so that none benefits from another. It runs three times, and the median counts.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

interface Drained {
  readonly events: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly produceSeconds: number;
  readonly records: number;
  readonly peakMb: number;
}

function measure<T>(script: string, ...args: string[]): T {
  const path = fileURLToPath(new URL(script, import.meta.url));
  // `npm start` and the command line run with this flag.
  return JSON.parse(
    execFileSync(process.execPath, ['--max-semi-space-size=8', path, ...args], { encoding: 'utf8' }),
  ) as T;
}

const middle = <T>(runs: readonly T[], by: (run: T) => number): T => [...runs].sort((a, b) => by(a) - by(b))[1] as T;
const thrice = <T>(run: () => T): T[] => [run(), run(), run()];
const rate = (count: number, seconds: number): number => Math.round(count / seconds);
const show = (n: number): string => n.toLocaleString('en');

const baseline = middle(
  thrice(() => measure<{ upserts: number; seconds: number }>('baseline.ts')),
  (run) => run.seconds,
);
const runs = thrice(() => measure<Drained>('drain.ts', '300000'));
const main = middle(runs, (run) => run.seconds);
const small = middle(
  thrice(() => measure<Drained>('drain.ts', '100000')),
  (run) => run.seconds,
);
const large = process.argv.includes('--short') ? undefined : measure<Drained>('drain.ts', '1000000');

const upsertRate = rate(baseline.upserts, baseline.seconds);
const eventRate = rate(main.events, main.seconds);
const lines: [string, string][] = [
  ['cores seen', String(availableParallelism())],
  ['raw upserts of the same rows', `${show(upsertRate)} a second`],
  ['events through all jobs', `${show(eventRate)} a second (${show(rate(main.events, main.cpuSeconds))} a CPU second)`],
  ['  of the raw upserts', `${((100 * eventRate) / upsertRate).toFixed(0)} %`],
  ['records read and written by them', `${show(rate(main.records, main.seconds))} a second`],
  ['events produced before', `${show(rate(main.events, main.produceSeconds))} a second`],
  ['peak memory', `${Math.max(...runs.map(({ peakMb }) => Math.round(peakMb)))} MB`],
  ['time an event at 100,000 events', `${((1e6 * small.seconds) / small.events).toFixed(1)} µs`],
  ['time an event at 300,000 events', `${((1e6 * main.seconds) / main.events).toFixed(1)} µs`],
];
if (large !== undefined) {
  const growth = (large.seconds / large.events / (small.seconds / small.events) - 1) * 100;
  lines.push(['time an event at 1,000,000 events', `${((1e6 * large.seconds) / large.events).toFixed(1)} µs`]);
  lines.push(['  grown since 100,000 by', `${growth.toFixed(0)} %`]);
  lines.push(['  peak memory', `${Math.round(large.peakMb)} MB`]);
}
const width = Math.max(...lines.map(([name]) => name.length));
process.stdout.write(`${lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}\n`);
