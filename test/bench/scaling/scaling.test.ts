import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  Autoscaler,
  DEFAULT_SCALE_DOWN,
  DEFAULT_SCALE_UP,
  desiredReplicas,
  type ScaledObject,
  SYNC_SECONDS,
} from './autoscaler.ts';
import { scalingPage } from './page.ts';
import { plot } from './plot.ts';
import { type Scenario, simulate } from './simulation.ts';
import { ASSUMED, MEASURED, sizeOf } from './sizing.ts';

const docs = join(import.meta.dirname, '../../../docs');

const OBJECT: ScaledObject = {
  lagThreshold: 100,
  minReplicas: 1,
  maxReplicas: 12,
  partitions: 12,
  isEven: false,
  pollingInterval: 15,
  scaleUp: DEFAULT_SCALE_UP,
  scaleDown: DEFAULT_SCALE_DOWN,
};

const lagOf = (lag: number) => ({ lag, rate: 0 });

/** Runs turns of the HPA with a constant lag. Returns the number of replicas after each. */
function turns(scaler: Autoscaler, from: number, count: number, lag: number): number[] {
  return Array.from({ length: count }, (_, i) => scaler.sync(from + i * SYNC_SECONDS, lagOf(lag)));
}

test('the lag is divided by the threshold, and a tenth more or less changes nothing', () => {
  const cases: [lag: number, current: number, wanted: number][] = [
    [0, 4, 1],
    [399, 2, 4],
    [439, 4, 4],
    [361, 4, 4],
    [441, 4, 5],
    [359, 5, 4],
    [100_000, 4, 12],
  ];
  for (const [lag, current, wanted] of cases)
    assert.equal(desiredReplicas(OBJECT, lagOf(lag), current), wanted, String(lag));
});

test('with an even distribution only divisors of the number of partitions are asked for', () => {
  const wanted = [150, 450, 650].map((lag) => desiredReplicas({ ...OBJECT, isEven: true }, lagOf(lag), 1));
  assert.deepEqual(wanted, [2, 6, 12]);
});

test('of two triggers the one that asks for more counts', () => {
  const both = { ...OBJECT, rateThreshold: 1000 };
  assert.equal(desiredReplicas(both, { lag: 0, rate: 4500 }, 1), 5);
  assert.equal(desiredReplicas(both, { lag: 790, rate: 4500 }, 1), 8);
});

test('growth is limited to four pods or a doubling every 15 s, whichever is more', () => {
  assert.deepEqual(turns(new Autoscaler(OBJECT, 1), 0, 3, 10_000), [5, 10, 12]);
});

test('nothing is taken away before nothing has asked for it for the whole window', () => {
  const scaler = new Autoscaler(OBJECT, 1);
  turns(scaler, 0, 2, 800);
  assert.equal(scaler.replicas, 8);
  const after = turns(scaler, 30, 22, 0);
  assert.deepEqual(after.slice(0, 20), Array(20).fill(8), 'for 300 s after the last lag');
  assert.equal(after.at(-1), 1);
});

test('pods are taken away one by one, if the policy says so', () => {
  const scaleDown = {
    stabilizationWindowSeconds: 0,
    policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }],
  } as const;
  const after = turns(new Autoscaler({ ...OBJECT, scaleDown }, 5), 0, 9, 0);
  assert.deepEqual(after, [4, 4, 4, 4, 3, 3, 3, 3, 2]);
});

test('between two polls the lag of the last one counts', () => {
  const scaler = new Autoscaler({ ...OBJECT, pollingInterval: 60 }, 1);
  scaler.sync(0, lagOf(0));
  assert.deepEqual(
    [15, 30, 45, 60].map((at) => scaler.sync(at, lagOf(400))),
    [1, 1, 1, 4],
  );
});

const HOUR: Scenario = {
  name: 'an hour',
  seed: 3,
  hours: 1,
  schedule: { shape: 'steady', rate: 1000, dayMs: 3_600_000 },
  partitions: 12,
  workerRate: 600,
  partitionRate: 600,
  startSeconds: 30,
  pauseSeconds: 2,
  workers: 2,
};

test('the same seed is the same day, and another one is not', () => {
  assert.deepEqual(simulate(HOUR), simulate(HOUR));
  assert.notDeepEqual(simulate(HOUR).minutes, simulate({ ...HOUR, seed: 4 }).minutes);
});

test('workers that are too slow fall behind by what they cannot read', () => {
  const { lag } = simulate({ ...HOUR, workers: 1 });
  // At 600 of 1,000 a second, the first 36 minutes' records were read by the end of the hour.
  assert.ok(Math.abs(lag.most - 24 * 60) < 120, String(lag.most));
  assert.ok(simulate(HOUR).lag.most <= 1);
});

test('one partition is never read faster than one worker reads it', () => {
  const { lag } = simulate({ ...HOUR, partitions: 1, workers: 12 });
  assert.ok(lag.most > 20 * 60);
});

test('in a rebalance only the partitions that move pause', () => {
  const scaleDown = { ...DEFAULT_SCALE_DOWN, stabilizationWindowSeconds: 3600 };
  const workers: ScaledObject = { ...OBJECT, lagThreshold: 1, minReplicas: 2, maxReplicas: 3, scaleDown };
  const { rebalances, pausedSeconds } = simulate({ ...HOUR, workers, workerRate: 500 });
  assert.equal(rebalances, 1);
  assert.equal(pausedSeconds, 4 * HOUR.pauseSeconds, 'four of twelve move to the third worker');
});

test('equal data are an equal plot, with a text for who does not see it', () => {
  const panels = [{ title: 'Lag & more', lines: [{ name: 'a', style: 1, values: [0, 2.5, 10] }] }] as const;
  const svg = plot('A day', 'It grows.', panels);
  assert.equal(svg, plot('A day', 'It grows.', panels));
  assert.match(svg, /<desc id="desc">It grows.<\/desc>/);
  assert.match(svg, /Lag &amp; more/);
});

test('what an installation needs grows with its learners, and never below three nodes and six partitions', () => {
  const [small, large] = [sizeOf(1000), sizeOf(100_000_000)];
  assert.deepEqual([small.partitions, small.workers, small.cassandraNodes], [6, 1, 3]);
  assert.ok(large.peak / large.workers <= MEASURED.workerRate * ASSUMED.usedShare);
  assert.ok(large.peak / large.partitions <= MEASURED.partitionRate);
  assert.ok(large.partitions >= 2 * large.workers);
  assert.ok(large.cassandraBytes / large.cassandraNodes <= ASSUMED.node.bytes);
});

test('the page of capacity has the tables and the plots of the simulation', () => {
  const { tables, images } = scalingPage();
  const page = readFileSync(join(docs, 'capacity.md'), 'utf8');
  for (const table of tables)
    assert.ok(
      page.includes(table),
      `run \`npm run simulate\`:
${table}`,
    );
  const made = readdirSync(join(docs, 'images')).filter((name) => name.startsWith('scaling-'));
  assert.deepEqual(made.sort(), Object.keys(images).sort());
  for (const [name, svg] of Object.entries(images)) {
    assert.equal(readFileSync(join(docs, 'images', name), 'utf8'), svg, `${name}: run \`npm run simulate\``);
  }
});
