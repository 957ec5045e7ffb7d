/** No command gives a report to somebody without the right, whether it requests the report or downloads it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CommandName } from '../../cli/commands.ts';
import { defineModule, definePlatform, defineReport, learning } from '../../index.ts';
import { temporaryFolder } from './harness.ts';
import { command, wired } from './in-process.ts';

const asked = (report: string, roles: readonly string[]) => ({
  tenant: 'default',
  report,
  parameters: report === 'lag' ? {} : { batchId: 'spring' },
  format: 'csv',
  options: {},
  columns: null,
  protection: { kind: 'none' },
  rowLimit: null,
  requestedBy: 'ada',
  roles,
  freshMs: null,
});
const quiet = { out: null, json: true, progress: false };
const timed = { schedule: 'nightly', cron: '0 2 * * *', zone: 'UTC', catchUp: 'latest', enabled: true, json: true };

const asking: readonly [CommandName, Readonly<Record<string, unknown>>][] = [
  ['report run', quiet],
  ['report request', { ...quiet, wait: false }],
  ['report schedule add', timed],
];

for (const [name, args] of asking) {
  test(`${name} keeps nothing for somebody without the right`, async (t) => {
    const one = await wired(t);
    for (const [report, role] of [
      ['lag', 'operator'],
      ['learners-personal-data', 'personal-data'],
    ] as const) {
      const { code, stdout, stderr } = await command(one, name, { ...args, asked: asked(report, ['analyst']) });
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, new RegExp(`ada may not have ${report}, which needs the role ${role}`));
    }
    assert.deepEqual((await one.requests.list('default', {}, { limit: 10 })).requests, []);
    assert.deepEqual(await one.requests.schedules('default'), []);
  });
}

test('a file that is there is neither saved nor linked to for somebody without the right', async (t) => {
  const one = await wired(t);
  const ran = await command(one, 'report run', { asked: asked('lag', ['operator']), ...quiet });
  assert.equal(ran.code, 0, ran.stderr);
  const { id } = JSON.parse(ran.stdout) as { readonly id: string };
  const out = join(temporaryFolder(t), 'lag.csv');
  const fetching = { request: id, tenant: 'default', out, about: false, roles: ['analyst'] };
  for (const link of [false, true]) {
    const { code, stdout, stderr } = await command(one, 'report download', { ...fetching, link });
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(stderr, /needs the role operator/);
  }
  assert.equal(existsSync(out), false);
  const linked = await command(one, 'report download', { ...fetching, link: true, roles: ['operator'] });
  assert.match(linked.stdout, /^http/);
});

test('a file with data of somebody who has withdrawn the consent is neither saved nor linked to', async (t) => {
  let withdrawn: readonly string[] = [];
  const names = defineReport({
    name: 'names',
    title: 'Names',
    answers: 'Who is there?',
    version: 1,
    role: 'analyst',
    freshMs: 60_000,
    parameters: {},
    columns: { name: { title: 'Name', type: 'string', doc: 'A name.' } },
    fileProblems: async () => withdrawn,
    from: {
      reads: [],
      async *rows() {
        yield [{ name: 'Ada' }];
      },
    },
  });
  const platform = definePlatform({ modules: [learning, defineModule({ name: 'people', reports: [names] })] });
  const one = await wired(t, platform);
  const running = { ...quiet, asked: { ...asked('names', ['analyst']), parameters: {} } };
  const { id } = JSON.parse((await command(one, 'report run', running)).stdout) as { readonly id: string };
  const out = join(temporaryFolder(t), 'names.csv');
  const fetching = { request: id, tenant: 'default', out, roles: ['analyst'] };
  withdrawn = ['somebody in it has withdrawn the consent'];
  const fetched = [
    await command(one, 'report download', { ...fetching, link: false, about: false }),
    await command(one, 'report download', { ...fetching, link: true, about: false }),
    // The existing file is new enough, but it is not handed out.
    await command(one, 'report run', { ...running, out }),
  ];
  for (const { code, stdout, stderr } of fetched) {
    assert.deepEqual([code, stdout], [2, ''], stderr);
    assert.match(stderr, /is no longer handed out: somebody in it has withdrawn the consent/);
  }
  assert.equal(existsSync(out), false);
  withdrawn = [];
  assert.equal((await command(one, 'report download', { ...fetching, link: false, about: false })).code, 0);
  assert.equal(existsSync(out), true);
});
