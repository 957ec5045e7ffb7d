/** Which statements are sent to Cassandra together in one batch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Connection, type NodeOf, routingKey } from '../../sinks/tables/cassandra/connection.ts';
import { tableRequest } from '../../sinks/tables/cassandra/request.ts';
import { Writes } from '../../sinks/tables/cassandra/writes.ts';
import { learners, v, write } from '../contracts/tables-samples.ts';

/** The users in each request, in the order of sending. */
async function sent(users: readonly string[], nodeOf: NodeOf, region = ''): Promise<string[][]> {
  const requests: string[][] = [];
  const userOf = (params: readonly unknown[]) => String(params[1]);
  const connection: Pick<Connection, 'nodes' | 'execute' | 'batch' | 'largest'> = {
    largest: 12 * 1024 ** 2,
    nodes: async () => nodeOf,
    execute: async (_query, params) => {
      requests.push([userOf(params)]);
      return undefined as never;
    },
    batch: async (queries) => void requests.push(queries.map(({ params }) => userOf(params))),
  };
  const rows = users.map((user, i) => write(['t', user, `b${i}`], v(1, 1), { whole: true, data: { region } }));
  const results = await new Writes(connection as Connection, () => 0).rows(tableRequest(learners, 'k'), rows);
  assert.deepEqual(new Set(results), new Set(['written']));
  return requests;
}

const byFirst: NodeOf = ([, user]) => user?.charAt(0) ?? '';
const many = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}${i}`);

test('rows of one partition key are one request, and rows of different ones share one by node', async () => {
  assert.deepEqual(await sent(['a1', 'b1', 'a2', 'a1', 'b2', 'c1'], byFirst), [
    ['a1', 'a1', 'a2'],
    ['b1', 'b2'],
    ['c1'],
  ]);
  assert.deepEqual(await sent([...many(4, 'a'), ...Array(6).fill('a9'), 'a4', ...Array(9).fill('a8')], byFirst), [
    Array(9).fill('a8'),
    many(4, 'a'),
    [...Array(6).fill('a9'), 'a4'],
  ]);
});

test('no request has more than a few partition keys', async () => {
  const requests = await sent(many(20, 'a'), byFirst);
  assert.deepEqual(
    requests.map((each) => each.length),
    [8, 8, 4],
  );
});

test('no request is larger than Cassandra accepts without a warning, unless one row is', async () => {
  const sizes = async (region: string) => (await sent(many(4, 'a'), byFirst, region)).map((each) => each.length);
  assert.deepEqual(await sizes('x'.repeat(1500)), [2, 2]);
  assert.deepEqual(await sizes('x'.repeat(8000)), [1, 1, 1, 1]);
});

test('a partition key is encoded as Cassandra encodes it', () => {
  assert.equal(routingKey(['t', 'ü']).toString('hex'), '0001740000' + '02c3bc00');
  assert.equal(
    routingKey(['', 'a'.repeat(300)])
      .subarray(0, 5)
      .toString('hex'),
    '000000012c',
  );
});
