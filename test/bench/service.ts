/**
 * `npm run bench:service [-- folder]`: what the HTTP service costs on the data of the demo, compared with the same questions to the
 * stores; how long a change takes to reach 1,000 followers of a batch; and the size and speed of the page. With a folder, uses its import.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../app/config/config.ts';
import { writeKeys } from '../../app/service/keys-file.ts';
import { openQuery } from '../../app/stores/open-query.ts';
import { wire } from '../../app/stores/wiring.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { rollupQuery } from '../../reports/service/rollups.ts';
import { batchLearners } from '../../schemas/rows/learner-progress.ts';
import { keyOf } from '../app/service/harness.ts';
import { endBrowser, missing, openContext } from '../harness/browser.ts';
import { importDemo, serve } from '../harness/demo-service.ts';
import { measured } from './service-calls.ts';
import { followers } from './service-followers.ts';

const BATCH = 'AAA-2013J';
const FOLLOWERS = 1000;
/** The number of records that one caller may follow at once. */
const FOLLOWS_OF_ONE = 20;
const ASKED = {
  every: 'week',
  zone: 'Europe/London',
  by: [],
  metrics: ['learners', 'views'],
  first: null,
  last: null,
  filter: {},
  limit: 100,
} as const;
const JSON_TYPE = { 'content-type': 'application/json' };

const whole = (value: number): string => Math.round(value).toLocaleString('en');

function line(what: string, { perSecond, medianMs, p99Ms }: Awaited<ReturnType<typeof measured>>): void {
  console.log(
    `  ${what.padEnd(38)} ${whole(perSecond).padStart(7)} a second, median ${medianMs.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`,
  );
}

const get = (address: string, path: string) => async (): Promise<void> => {
  const response = await fetch(address + path);
  if (!response.ok) throw new Error(`${path} is answered with ${response.status}`);
  await response.arrayBuffer();
};

async function calls(address: string): Promise<void> {
  console.log('Over HTTP, 4 callers at once:');
  line('catalogue of reports', await measured(get(address, '/v1/reports'), { times: 400, atOnce: 4 }));
  const learners = get(address, `/v1/projections/batch_learners/${BATCH}?limit=20`);
  line('20 learners of a batch', await measured(learners, { times: 1000, atOnce: 4 }));
  const query = async (): Promise<void> => {
    const init = { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(ASKED) };
    const response = await fetch(`${address}/v1/datasources/activity/query`, init);
    if (!response.ok) throw new Error(`the query is answered with ${response.status}`);
    await response.arrayBuffer();
  };
  line('a query of a rollup', await measured(query, { times: 100, atOnce: 4 }));
}

/** Asks the same questions of the stores, in this process. */
async function raw(folder: string): Promise<void> {
  console.log('The stores alone, in one process:');
  const { config } = loadConfig({ flags: { data: folder }, env: {}, folder });
  const setup = { config, platform: learningPlatform };
  const wired = await wire(setup);
  const engine = await openQuery(setup);
  try {
    const { tables } = wired.stores;
    const read = async (): Promise<void> =>
      void (await tables.select(batchLearners, [config.serveTenant, BATCH], { limit: 20 }));
    line('20 learners of a batch', await measured(read, { times: 1000, atOnce: 4 }));
    const datasource = learningPlatform.datasources.find(({ name }) => name === 'activity');
    if (datasource === undefined) throw new Error('there is no datasource activity');
    const { sql } = rollupQuery(datasource, ASKED, { tenant: config.serveTenant, roles: ['analyst'] });
    const query = async (): Promise<void> => {
      await using answer = await engine.query(sql);
      for await (const _ of answer.pages);
    };
    line('a query of a rollup', await measured(query, { times: 100, atOnce: 4 }));
  } finally {
    await engine.close();
    await wired.close();
  }
}

/** The first visit of the overview, with an empty browser cache. */
async function page(address: string): Promise<void> {
  if (missing !== false) {
    console.log(`The page is not measured: ${missing}`);
    return;
  }
  const context = await openContext({});
  try {
    const opened = await context.newPage();
    const began = performance.now();
    await opened.goto(address);
    await opened.locator('main h1').waitFor();
    const usableMs = performance.now() - began;
    const [bytes, files, paintMs] = (await opened.evaluate(
      `(() => {
        const loaded = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
          .filter(({ name }) => !name.includes('/v1/'));
        return [loaded.reduce((sum, { transferSize }) => sum + transferSize, 0), loaded.length, performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0];
      })()`,
    )) as [number, number, number];
    console.log('The page, opened for the first time:');
    console.log(
      `  ${whole(bytes / 1000)} KB in ${files} files, first paint after ${whole(paintMs)} ms, usable after ${whole(usableMs)} ms`,
    );
  } finally {
    await context.close();
    await endBrowser();
  }
}

const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000;

async function following(folder: string): Promise<void> {
  const { config } = loadConfig({ flags: { data: folder }, env: {}, folder });
  const keys = Array.from({ length: FOLLOWERS / FOLLOWS_OF_ONE }, (_, n) =>
    keyOf({ name: `follower-${n}`, tenant: config.serveTenant }),
  );
  const producer = keyOf({ name: 'producer', tenant: config.serveTenant, roles: ['producer'] });
  writeKeys(
    join(folder, 'service-keys.json'),
    [...keys, producer].map(({ key }) => key),
  );
  const { address, pid, stop } = await serve(folder, ['--serve-access', 'signed-in']);
  try {
    const before = residentMb(pid);
    const bearers = Array.from({ length: FOLLOWERS }, (_, n) => keys[n % keys.length]?.text ?? '');
    await using all = await followers(`${address}/v1/projections/batch_summaries/${BATCH}/events`, bearers);
    const after = residentMb(pid);
    const changed = all.changed();
    const userId = `follower-of-${Date.now()}`;
    const began = performance.now();
    const response = await fetch(`${address}/v1/events/enrollment.events`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json', authorization: `Bearer ${producer.text}` },
      body: JSON.stringify({
        specversion: '1.0',
        id: userId,
        source: '/bench',
        type: 'enrollment.enrolled',
        data: { userId, courseId: BATCH, batchId: BATCH },
      }),
    });
    if (!response.ok) throw new Error(`the event is answered with ${response.status}: ${await response.text()}`);
    const { first, last } = await changed;
    console.log(`A batch with ${whole(FOLLOWERS)} followers:`);
    console.log(
      `  from the event to the first follower ${whole(first - began)} ms, to the last ${whole(last - began)} ms; ${whole(before)} MB before, ${whole(after)} MB with them`,
    );
  } finally {
    await stop();
  }
}

const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), 'tributary-service-'));
try {
  if (given === undefined) await importDemo(folder);
  const served = await serve(folder, ['--serve-rate', '1000000']);
  try {
    await page(served.address);
    await calls(served.address);
  } finally {
    await served.stop();
  }
  await raw(folder);
  await following(folder);
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}
