/**
 * `npm run bench:servers [-- --events 60000 --rounds 1]`: how fast `track-progress` is on the stores of production, run by real
 * worker processes from a backlog in Kafka. Each figure is a ratio to baselines of the same run: how fast Cassandra takes the same
 * rows, and how fast kafkajs reads and decodes. Everything, including the servers, shares one machine.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type Drained, drain } from './servers-drain.ts';
import { LATENCY_JOBS, type Latencies, measureLatency } from './servers-latency.ts';
import { SHAPES, type Shape } from './servers-load.ts';
import { calm, cpuSeconds, startServers, stopServers } from './servers-set.ts';
import { openWorld, produceLoad, type Views } from './servers-world.ts';

interface Raw {
  /** Events a second, with the number of statements in flight that was fastest in the trial. */
  readonly rate: number;
  readonly inFlight: number;
  readonly written: number;
  /** CPU of the writer per event. */
  readonly cpuMicros: number;
}
/** Whole rows, or only what the pipeline writes. */
type How = (typeof HOW)[number];
interface Consumed {
  readonly rate: number;
}

const HOW = ['whole', 'changes'] as const;
/** Java servers are slow until they have compiled the code that their load uses. */
const WARM_UP_EVENTS = 300_000;
const RUNS: readonly (readonly [views: Views, workers: number])[] = [
  ['all', 1],
  ['all', 2],
  ['tables', 1],
  ['tables', 2],
];

const { values } = parseArgs({
  options: { events: { type: 'string', default: '300000' }, rounds: { type: 'string', default: '1' } },
});
const events = Number(values.events);
const rounds = Number(values.rounds);

/** Runs a measurement in its own process, which prints one JSON line. */
async function measure<T>(script: string, ...args: string[]): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...args]);
  return JSON.parse(stdout) as T;
}

const show = (n: number): string => Math.round(n).toLocaleString('en');
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(0)} %`;
const say = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(58)}  ${value}\n`);

const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
// Some servers may have to run as another user.
chmodSync(folder, 0o755);
say('cores seen; load of the machine before', `${availableParallelism()}; ${loadavg()[0]?.toFixed(1)}`);
const servers = await startServers(folder);
try {
  const world = await openWorld(folder, servers);
  let keyspaces = 0;
  const raw = async (shape: Shape, how: How, count = events): Promise<Raw & { readonly cassandraCpu: number }> => {
    await calm(servers);
    const before = cpuSeconds(servers.cassandra.pid);
    const url = `${servers.cassandra.url}/raw_${++keyspaces}`;
    const measured = await measure<Raw>('servers-raw.ts', url, shape, String(count), how);
    return { ...measured, cassandraCpu: cpuSeconds(servers.cassandra.pid) - before };
  };
  const unmeasured = await produceLoad(world, 'scattered', Math.min(events, WARM_UP_EVENTS));
  await raw('scattered', 'changes', Math.min(events, WARM_UP_EVENTS));
  await drain(world, unmeasured, { views: 'all', workers: 1 });
  let both = 0;
  for (const shape of SHAPES) {
    const begin = await produceLoad(world, shape, events);
    const consumed = await measure<Consumed>('servers-consume.ts', servers.kafka.url, values.events);
    say(`${shape}: ${show(events)} events`, '');
    for (let round = 1; round <= rounds; round++) {
      say('  kafkajs, reading and decoding', `${show(consumed.rate)} events a second`);
      // Before and after, since the speed of the machine varies.
      const raws = { whole: [await raw(shape, 'whole')], changes: [await raw(shape, 'changes')] };
      const drained: Drained[] = [];
      for (const [views, workers] of RUNS) drained.push(await drain(world, begin, { views, workers }));
      raws.changes.push(await raw(shape, 'changes'));
      raws.whole.push(await raw(shape, 'whole'));
      for (const how of HOW) for (const one of raws[how]) sayRaw(how, one);
      const slower = (how: How) => Math.min(mean(raws[how].map(({ rate }) => rate)), consumed.rate);
      const baselines = { whole: slower('whole'), changes: slower('changes') };
      RUNS.forEach(([views, workers], i) => {
        sayDrained(shape, views, workers, drained[i] as Drained, baselines);
      });
    }
    if (shape === 'scattered') {
      ({ rate: both } = await drain(world, begin, { views: 'all', workers: 1, jobs: LATENCY_JOBS }));
      say('  one worker, with `summarize-batch` behind it', `${show(both)} events a second`);
    }
  }
  sayLatencies(both / 2, await measureLatency(world, both / 2));
  await world.transport.close();
} finally {
  await stopServers(servers);
  rmSync(folder, { recursive: true, force: true });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}

function sayRaw(how: How, measured: Raw & { readonly cassandraCpu: number }): void {
  const { rate, inFlight, written, cpuMicros, cassandraCpu } = measured;
  say(`  raw writes of its rows, one event each: ${how}`, `${show(rate)} events a second, with ${inFlight} in flight`);
  say('    CPU, µs an event', `writer ${show(cpuMicros)}, cassandra ${show((1e6 * cassandraCpu) / written)}`);
}

function sayDrained(
  shape: Shape,
  views: Views,
  workers: number,
  drained: Drained,
  baselines: Readonly<Record<How, number>>,
): void {
  const what = `${workers === 1 ? 'one worker' : `${workers} workers`}, ${views === 'all' ? 'all views' : 'rows and table views only'}`;
  say(`  ${what}`, `${show(drained.rate)} events a second`);
  const ratio = (slower: number): string =>
    shape === 'gathered' ? `${(drained.rate / slower).toFixed(1)} times` : percent(drained.rate, slower);
  for (const how of HOW) say(`    of raw writes (${how}), or of kafkajs if it is slower`, ratio(baselines[how]));
  const micros = Object.entries(drained.cpuSeconds)
    .map(([name, seconds]) => [name, Math.round((1e6 * seconds) / drained.events)] as const)
    .filter(([, each]) => each > 0);
  say('    CPU, µs an event', micros.map(([name, each]) => `${name} ${each}`).join(', '));
  say('    most memory of a worker', `${show(drained.peakMb)} MB`);
}

function sayLatencies(rate: number, latencies: Latencies): void {
  say(`latency at ${show(rate)} events a second, in ms`, 'median, p99');
  const names = { row: 'row in Cassandra', view: 'entry in Redis', live: "live update of the learner's batch" };
  for (const [name, { median, p99 }] of Object.entries(latencies)) {
    say(`  until the ${names[name as keyof typeof names]}`, `${show(median)}, ${show(p99)}`);
  }
}
