import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lateSearch } from '../../app/stores/late-search.ts';
import { TributaryError } from '../../core/errors.ts';
import { enrollmentIndex } from '../../schemas/rows/learner-progress.ts';
import type { Search } from '../../sinks/search/port.ts';

test('no document is written before the indexes are made, and they are made once for all writers', async () => {
  const calls: string[] = [];
  let isAway = true;
  const inner: Pick<Search, 'prepare' | 'apply'> = {
    async prepare(indexes) {
      calls.push(`prepare ${indexes.map(({ name }) => name)}`);
      if (isAway) throw new TributaryError('SEARCH_AWAY', 'nobody there');
    },
    async apply() {
      calls.push('apply');
      return ['written'];
    },
  };
  const search = lateSearch(inner as Search);
  const write = () => search.apply(enrollmentIndex, []);
  assert.deepEqual(await write(), ['written']);
  assert.deepEqual(calls.splice(0), ['apply'], 'nothing is owed');
  search.prepareLater([enrollmentIndex]);
  await Promise.all([write(), write()].map((writing) => assert.rejects(writing, { code: 'SEARCH_AWAY' })));
  assert.deepEqual(calls.splice(0), ['prepare enrollments']);
  isAway = false;
  await Promise.all([write(), write()]);
  await write();
  assert.deepEqual(calls, ['prepare enrollments', 'apply', 'apply', 'apply']);
});
