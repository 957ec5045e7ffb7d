/** An installation with two people, Ada and Bo, who did the same things. Ada is to be forgotten. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../../app/config/config.ts';
import { type ForgetOptions, forgetPerson } from '../../../app/forget/forget.ts';
import { whileWorking } from '../../../app/forget/working.ts';
import { worksOf } from '../../../app/platform/works.ts';
import { keptTables } from '../../../app/stores/kept-tables.ts';
import { type Wired, wire } from '../../../app/stores/wiring.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { targetsOf } from '../../../modules/derived.ts';
import { learningPlatform } from '../../../modules/learning.ts';
import { currentTable } from '../../../reports/operate/kept.ts';
import { filesOf, pinFiles } from '../../../sinks/delta/index.ts';
import { segmentsSql } from '../../../sinks/segments/source.ts';
import { temporaryFolder } from '../../cli/harness.ts';
import { command } from '../../cli/in-process.ts';

const STORY = join(import.meta.dirname, '../../../demo/story');
const ORDER = ['user', 'content', 'batch', 'notification', 'group', 'enrollment'];

export const ADA = { tenant: 'default', userId: 'ada' };
const OPTIONS: ForgetOptions = {
  clock: systemClock,
  timeoutMs: 60_000,
  signal: new AbortController().signal,
};

export async function installation(t: TestContext): Promise<Wired> {
  const folder = temporaryFolder(t);
  const flags = { archive: 'on', waitMs: '20', publishMs: '20', timerMs: '20', viewWaitMs: '60000' };
  const one = await wire({ config: loadConfig({ flags, env: {}, folder }).config, platform: learningPlatform });
  t.after(() => one.close());
  for (const name of ORDER) {
    const ada = readFileSync(join(STORY, `${name}.ndjson`), 'utf8');
    const isShared = /^(?:content|batch)$/.test(name);
    const bo = ada
      .replaceAll(/"ada"/g, '"bo"')
      .replaceAll('ada@', 'bo@')
      .replaceAll('story-', 'bo-')
      .replaceAll('Ada', 'Bo');
    await produce(one, `${name}.events`, isShared ? ada : `${ada}${bo}`);
  }
  await work(one);
  return one;
}

export async function produce(wired: Wired, topic: string, input: string): Promise<void> {
  const { code, stderr } = await command(wired, 'produce-piece', { topic }, input);
  assert.equal(code ?? 0, 0, stderr);
}

/** Runs all jobs and rollups until they have read everything. */
export async function work(wired: Wired): Promise<void> {
  await whileWorking(wired, async () => {
    const jobs = worksOf(wired).map(({ name }) => name);
    const { code, stderr } = await command(wired, 'lag', { jobs, wait: true, timeoutMs: 60_000, json: true });
    assert.equal(code ?? 0, 0, stderr);
  });
}

/** `through`: the installation whose ports do the work; a test may make them fail. */
export const forget = (wired: Wired, through: Wired = wired) =>
  whileWorking(wired, () => forgetPerson(through, ADA, OPTIONS));

/** Everything that readers can see, as text, by the name of its place. */
export async function everything(wired: Wired): Promise<Map<string, string>> {
  const { stores, platform, config } = wired;
  const places = new Map<string, string>();
  for (const target of targetsOf(platform.jobs)) {
    if (target.kind === 'table') {
      const { items } = await stores.tables.select(target, ['default'], { limit: 1000 });
      places.set(target.name, JSON.stringify(items));
    } else if (target.kind === 'index') {
      const { items } = await stores.search.search(target, { tenant: 'default', words: '', limit: 1000 });
      places.set(target.name, JSON.stringify(items));
    } else {
      for (const user of ['ada', 'bo']) {
        const records = await stores.cache.read(target, ['default', user]);
        places.set(`${target.name} of ${user}`, JSON.stringify(records));
      }
    }
  }
  const kept = await wired.segments();
  for (const { name, source, datasource } of keptTables(platform)) {
    const current = await currentTable(kept, source);
    if (current === undefined) continue;
    const { snapshot } = current;
    await using pinned = await pinFiles(kept.cache, snapshot, filesOf(snapshot));
    const sql = `SELECT to_json(stored)::VARCHAR AS row FROM (${segmentsSql(source.layout, pinned.paths)}) AS stored`;
    const rows = await kept.duck.using((connection) => connection.rows(sql));
    places.set(
      datasource === undefined ? name : `rollup ${name}`,
      rows
        .map(({ row }) => String(row))
        .sort()
        .join('\n'),
    );
  }
  const outbox = join(config.data, 'outbox');
  const mails = readdirSync(outbox, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  places.set('outbox', mails.map((mail) => readFileSync(join(mail.parentPath, mail.name), 'utf8')).join('\n'));
  return places;
}

export const ADAS = /\bada\b/i;
export const BOS = /\bbo\b/i;

export async function placesOf(wired: Wired, of: RegExp): Promise<string[]> {
  return [...(await everything(wired))].filter(([, text]) => of.test(text)).map(([name]) => name);
}
