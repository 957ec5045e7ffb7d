/** The service when a table or an index that it reads is missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explaining } from '../../../app/service/missing.ts';
import { TributaryError } from '../../../core/errors.ts';
import { indexesOf, tablesOf } from '../../../modules/derived.ts';
import { learningPlatform } from '../../../modules/learning.ts';
import { memoryStores } from '../../../testing/stores.ts';
import { call, keyOf, service } from './harness.ts';

const { jobs } = learningPlatform;
const targetNamed = <T extends { name: string }>(targets: readonly T[], name: string): T => {
  const target = targets.find((each) => each.name === name);
  assert.ok(target !== undefined);
  return target;
};
const batchLearners = targetNamed(tablesOf(jobs), 'batch_learners');

test('a service of which jobs never ran has no records, and is no error', async (t) => {
  const key = keyOf({ name: 'reader' });
  const { address } = await service(t, { keys: [key.key] });
  const ask = (name: string, path: Record<string, string>) => call(address, name, { as: key.text, path });
  assert.deepEqual((await ask('list_batch_learners', { batchId: 'rivers-2026' })).json, { items: [], next: null });
  assert.equal((await ask('get_batch_summaries', { batchId: 'rivers-2026' })).json.code, 'NOT_FOUND');
  assert.equal((await ask('search_enrollments', {})).json.total, 0);
});

test('a table that was dropped is not available, and the answer says which job makes it', async (t) => {
  const key = keyOf({ name: 'reader' });
  const { address, wired } = await service(t, { keys: [key.key] });
  await wired.stores.tables.drop([batchLearners]);
  const path = { batchId: 'rivers-2026' };
  const { status, json } = await call(address, 'list_batch_learners', { as: key.text, path });
  assert.deepEqual([status, json.code], [503, 'CONFIG_INVALID']);
  assert.match(
    json.detail,
    /^the table batch_learners is not there.*the job track-progress makes it.*`tributary tables apply`$/,
  );
});

test('an error of a store is explained only if something is missing', async (t) => {
  const stores = await memoryStores(jobs);
  t.after(() => stores.close());
  const enrollments = targetNamed(indexesOf(jobs), 'enrollments');
  const search = (code: 'TABLE_DRIFTED' | 'SEARCH_AWAY', missing: readonly string[] | Error) => {
    const broken = {
      ...stores.search,
      search: () => Promise.reject(new TributaryError(code, 'as Elasticsearch says it')),
      missing: async () => {
        if (missing instanceof Error) throw missing;
        return [...missing];
      },
    };
    const asked = { tenant: 'acme', words: '', limit: 1 };
    return explaining({ ...stores, search: broken }, jobs).search.search(enrollments, asked);
  };
  await assert.rejects(search('TABLE_DRIFTED', ['PUT enrollments']), {
    code: 'CONFIG_INVALID',
    message: /`tributary indexes apply`$/,
  });
  await assert.rejects(search('TABLE_DRIFTED', []), { code: 'TABLE_DRIFTED' });
  await assert.rejects(search('TABLE_DRIFTED', new Error('away')), { code: 'TABLE_DRIFTED' });
  await assert.rejects(search('SEARCH_AWAY', ['PUT enrollments']), { code: 'SEARCH_AWAY' });
});
