/** What services without Tributary read, with CQL, Redis commands and the Elasticsearch API. */
import assert from 'node:assert/strict';
import { Client } from 'cassandra-driver';
import { Redis } from 'ioredis';
import type { Config } from '../../app/config/keys.ts';
import type { View } from './reading.ts';

const LOCAL = 'datacenter1';

export async function assertPlainReads(config: Config, expected: View): Promise<void> {
  await assertCql(config, expected);
  await assertRedis(config, expected);
  await assertElasticsearch(config, expected);
}

const list = (rows: readonly unknown[][]): string[] => rows.map((row) => JSON.stringify(row)).sort();

async function assertCql({ tables }: Config, expected: View): Promise<void> {
  const [, host = '', keyspace = ''] = /^cassandra:\/\/([^/]+)\/(\w+)/.exec(tables) ?? [];
  const client = new Client({ contactPoints: [host], localDataCenter: LOCAL, keyspace });
  try {
    const read = async (query: string) => (await client.execute(query, [], { prepare: true, fetchSize: 10_000 })).rows;
    const learners = await read('SELECT user_id, course_id, progress, state, "_erased" FROM learner_progress');
    assert.deepEqual(
      list(
        learners
          .filter((row) => row['_erased'] !== true)
          .map((row) => [row['user_id'], row['course_id'], row['progress'], row['state']]),
      ),
      list(
        (expected['learner_progress'] ?? []).map((row) => [
          row['userId'],
          row['courseId'],
          row['progress'],
          row['state'],
        ]),
      ),
      'learner_progress, by CQL',
    );
  } finally {
    await client.shutdown();
  }
}

async function assertRedis({ cache, cachePrefix }: Config, expected: View): Promise<void> {
  const redis = new Redis(cache);
  try {
    const counts = expected['unread_counts'] ?? [];
    const found = await Promise.all(
      counts.map(async ({ recipientId }) =>
        redis.hget(`${cachePrefix}unread_counts:{default:${recipientId}}`, 'record'),
      ),
    );
    assert.deepEqual(
      found.map((text) => JSON.parse(text ?? 'null')?.unread),
      counts.map(({ unread }) => unread),
      'unread counts, by HGET',
    );
  } finally {
    redis.disconnect();
  }
}

async function assertElasticsearch({ search, searchPrefix }: Config, expected: View): Promise<void> {
  const response = await fetch(
    `${search}/${searchPrefix}enrollments/_search?q=state:completed&size=0&track_total_hits=true`,
  );
  const { hits } = (await response.json()) as { hits: { total: { value: number } } };
  const completed = (expected['enrollments'] ?? []).filter(({ state }) => state === 'completed').length;
  assert.equal(hits.total.value, completed, 'who has completed a course, by _search');
}
