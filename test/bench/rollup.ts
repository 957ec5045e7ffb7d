/**
 * `npm run bench:rollup [-- kafka]`: what rollups cost, as ratios within one run. Each measurement runs three times in its own process, and
 * the median counts. With `kafka` the log is a broker, started for the run (`npm run servers:install kafka`).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startKafka } from '../../servers/kafka.ts';
import type { Asked, Drained } from './rollup-drain.ts';
import type { Queried } from './rollup-query.ts';

const EVENTS = 300_000;
const TUPLES = 1_000_000;

function measured<T>(script: string, ...args: string[]): T {
  const path = fileURLToPath(new URL(script, import.meta.url));
  // The command line runs with this flag.
  return JSON.parse(
    execFileSync(process.execPath, ['--max-semi-space-size=8', '--expose-gc', path, ...args], { encoding: 'utf8' }),
  ) as T;
}

const drain = (asked: Asked): Drained => measured('rollup-drain.ts', JSON.stringify(asked));
const middle = <T>(run: () => T, by: (run: T) => number): T =>
  [run(), run(), run()].sort((a, b) => by(a) - by(b))[1] as T;
const cpuOf = ({ cpuSeconds }: Drained): number => cpuSeconds;
const number = (value: number): string => Math.round(value).toLocaleString('en');

function drains(kafka?: { readonly url: string }): void {
  let log = 0;
  // Every run has its own log, since a broker keeps its topics.
  const of = (what: Asked['what']): Drained =>
    middle(() => {
      log += 1;
      const asked = { events: EVENTS, pages: 1000, what, publishMs: 5000 };
      return drain(kafka === undefined ? asked : { ...asked, kafka: kafka.url, log: `run${log}` });
    }, cpuOf);
  const decode = of('decode');
  console.log(`${kafka === undefined ? 'embedded log' : 'Kafka'}, ${number(EVENTS)} events`);
  for (const [name, run] of [
    ['read and decode', decode],
    ['rollup, sums', of('plain')],
    ['rollup, sketches', of('rollup')],
  ] as const) {
    const rate = number(run.events / run.cpuSeconds);
    const ratio = (run.cpuSeconds / decode.cpuSeconds).toFixed(2);
    console.log(
      `  ${name.padEnd(16)} ${rate.padStart(9)} events a CPU second (ratio ${ratio}), ${number(run.peakMb)} MB, ${number(run.rows)} rows in ${run.segments} segments`,
    );
  }
}

if (process.argv[2] === 'kafka') {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-kafka-'));
  const kafka = await startKafka({ folder });
  try {
    drains(kafka);
  } finally {
    await kafka.kill();
    rmSync(folder, { recursive: true });
  }
} else {
  drains();
  const few = drain({ events: TUPLES, pages: 100, what: 'rollup', publishMs: 600_000 });
  const many = drain({ events: TUPLES, pages: TUPLES, what: 'rollup', publishMs: 600_000 });
  for (const [name, { startMb, peakMb, segments, rows }] of [
    ['few tuples', few],
    ['many tuples', many],
  ] as const) {
    console.log(
      `memory, ${name}: ${number(peakMb)} MB at most, ${number(startMb)} MB before; ${number(rows)} rows in ${segments} segments`,
    );
  }
  const query = middle(
    () => measured<Queried>('rollup-query.ts'),
    ({ sumsMs }) => sumsMs[0],
  );
  for (const [name, [before, after]] of [
    ['sums', query.sumsMs],
    ['sketches', query.sketchesMs],
  ] as const) {
    console.log(
      `query, ${name}: ${before.toFixed(0)} ms over ${query.segments} segments, ${after.toFixed(1)} ms after compaction: ${(before / after).toFixed(0)} times`,
    );
  }
}
