/** The search port while Elasticsearch is killed, paused and away. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { startElasticsearch } from '../../servers/elasticsearch.ts';
import type { Change } from '../../sinks/port.ts';
import { type ElasticsearchOptions, elasticsearchSearch } from '../../sinks/search/elasticsearch/search.ts';
import { courses, put, remove } from '../contracts/search-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-elasticsearch-faults-'));
const server = await startElasticsearch({ folder });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

const PATIENT = 120_000;
const away = { code: 'SEARCH_AWAY', kind: 'retry' };
const all = { tenant: 't', words: '', limit: 10 };

function opened(t: TestContext, options: Partial<ElasticsearchOptions> = {}) {
  const search = elasticsearchSearch({ url: server.url, patienceMs: PATIENT, ...options });
  t.after(() => search.close());
  return search;
}

const names = Array.from({ length: 3000 }, (_, number) => `course-${String(number).padStart(4, '0')}`);
const batch = (tenant: string, revision: number): Change[] =>
  names.map((name) => put(tenant, name, { learners: revision }, { token: 1, revision }));

describe('Elasticsearch is killed during writes', () => {
  test('a patient writer notices nothing, and no acknowledged document is lost', async (t) => {
    const search = opened(t);
    await search.prepare([courses]);
    await search.apply(courses, [remove('t1', 'gone', { token: 1, revision: 5 })]);
    let revision = 0;
    for (let round = 0; round < 2; round += 1) {
      const killing = Promise.withResolvers<void>();
      let isBack = false;
      const restart = killing.promise
        .then(() => server.kill())
        .then(() => server.start())
        .finally(() => {
          isBack = true;
        });
      const until = revision + 3;
      while (!isBack) {
        revision += 1;
        const applying = search.apply(courses, batch('t1', revision));
        // The server is killed during the call.
        if (revision === until) killing.resolve();
        assert.ok((await applying).every((result) => result === 'written'));
      }
      await restart;
      const { total } = await search.search(courses, { ...all, tenant: 't1', filter: { learners: revision } });
      assert.equal(total, names.length);
    }
    const older = [put('t1', 'gone', {}, { token: 1, revision: 4 }), put('t1', 'course-0000', {})];
    assert.deepEqual(await search.apply(courses, older), ['stale', 'stale'], 'versions are kept, of removals too');
  });

  test('earlier acknowledged documents are kept when nothing was sent afterwards', async (t) => {
    const search = opened(t);
    await search.prepare([courses]);
    await search.apply(courses, batch('t2', 1));
    await server.kill();
    await server.start();
    assert.equal((await search.search(courses, { ...all, tenant: 't2' })).total, names.length);
  });

  test('an impatient writer gets an error in time, and the same call succeeds later', async (t) => {
    const search = opened(t, { patienceMs: 1000 });
    await opened(t).prepare([courses]);
    await server.kill();
    await assert.rejects(search.apply(courses, batch('t3', 1)), {
      ...away,
      message: /contract_courses: .*ECONNREFUSED/,
    });
    await assert.rejects(search.search(courses, all), { ...away, message: /searching in contract_courses/ });
    await assert.rejects(search.prepare([courses]), {
      ...away,
      message: /preparing the search index contract_courses/,
    });
    await assert.rejects(search.renew(courses), away);
    await assert.rejects(search.sweep([courses]), away);
    await assert.rejects(opened(t, { patienceMs: 1000 }).apply(courses, batch('t3', 1)), away, 'nor can anybody begin');
    await server.start();
    const results = await until(() => search.apply(courses, batch('t3', 1)));
    assert.ok(results.every((result) => result === 'written'));
  });
});

describe('Elasticsearch hangs', () => {
  test('every call ends in time, and later calls are answered', async (t) => {
    const patient = opened(t);
    await patient.prepare([courses]);
    const search = opened(t, { patienceMs: 1000 });
    await until(() => search.apply(courses, batch('t4', 1)));
    server.pause();
    // Without a timeout all of these would hang, since the server is resumed only after them.
    const outcomes = await Promise.allSettled([
      search.apply(courses, batch('t4', 2)),
      search.apply(courses, [put('t4', 'a', {})]),
      search.search(courses, { ...all, tenant: 't4' }),
      search.search(courses, { ...all, tenant: 't4', words: 'x' }),
      search.prepare([courses]),
      opened(t, { patienceMs: 1000 }).search(courses, all),
    ]).finally(() => server.resume());
    for (const outcome of outcomes) {
      assert.equal(outcome.status, 'rejected');
      assert.equal(outcome.reason.code, 'SEARCH_AWAY', String(outcome.reason));
    }
    assert.ok((await patient.apply(courses, batch('t4', 3))).every((result) => result === 'written'));
    // The server may have read the interrupted requests. Their versions are older, so they change nothing.
    const { total } = await patient.search(courses, { ...all, tenant: 't4', filter: { learners: 3 } });
    assert.equal(total, names.length);
  });

  test('a patient writer waits for it', async (t) => {
    const search = opened(t);
    await search.prepare([courses]);
    server.pause();
    const applying = search.apply(courses, batch('t5', 1));
    await assert.rejects(opened(t, { patienceMs: 500 }).search(courses, all), away).finally(() => server.resume());
    assert.ok((await applying).every((result) => result === 'written'));
  });

  test('the search can be closed meanwhile', async (t) => {
    await opened(t).prepare([courses]);
    const search = elasticsearchSearch({ url: server.url, patienceMs: PATIENT });
    await search.search(courses, all);
    server.pause();
    const applying = assert.rejects(search.apply(courses, batch('t6', 1)), away);
    await search.close().finally(() => server.resume());
    await applying;
  });
});

/** Retries while the store is away, as the runtime does. */
async function until<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'SEARCH_AWAY') throw error;
    }
  }
}
