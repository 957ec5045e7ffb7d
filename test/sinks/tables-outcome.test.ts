/** What a store reports when a write of rows failed: that nothing was written, or that this is unknown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, types } from 'cassandra-driver';
import { TributaryError } from '../../core/errors.ts';
import { guarded } from '../../embedded/database.ts';
import type { Connection } from '../../sinks/tables/cassandra/connection.ts';
import { tableRequest } from '../../sinks/tables/cassandra/request.ts';
import { Writes } from '../../sinks/tables/cassandra/writes.ts';
import type { RowWrite } from '../../sinks/tables/port.ts';
import { learners, v, write } from '../contracts/tables-samples.ts';

const { responseErrorCodes: codes } = types;
const response = (code: number) => new errors.ResponseError(code, 'not now');
const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });

/** Writes one row for each fault, and throws the fault. Rows with undefined are written. Returns the error of the store. */
async function failure(
  faults: readonly (Error | undefined)[],
  nodes?: Error,
  over: Partial<RowWrite> = {},
): Promise<TributaryError> {
  let next = 0;
  const connection: Pick<Connection, 'nodes' | 'execute' | 'batch' | 'largest'> = {
    largest: 12 * 1024 ** 2,
    nodes: async () => {
      if (nodes !== undefined) throw nodes;
      // A node for each row, so that each row has its own request.
      return ([, user]) => user ?? '';
    },
    execute: async () => {
      const fault = faults[next++];
      if (fault !== undefined) throw fault;
      return undefined as never;
    },
    batch: async () => assert.fail('one row a request'),
  };
  const rows = faults.map((_, i) => write(['t', `user-${i}`, 'b'], v(1, 1), { whole: true, ...over }));
  const error = await new Writes(connection as Connection, () => 0)
    .rows(tableRequest(learners, 'k'), rows)
    .catch((thrown: unknown) => thrown);
  assert.ok(error instanceof TributaryError && error.code === 'TABLES_AWAY');
  return error;
}

test('Cassandra: nothing was written if nothing was sent, or if the node reports that it did not begin', async () => {
  for (const fault of [
    new errors.NoHostAvailableError({ a: refused }, 'all hosts'),
    response(codes.unavailableException),
    response(codes.overloaded),
  ]) {
    assert.equal((await failure([fault])).outcome, 'none');
    assert.equal(
      (await failure([undefined, fault])).outcome,
      'none',
      'what was written is the same when written again',
    );
  }
  assert.equal((await failure([undefined], new errors.NoHostAvailableError({}, 'all hosts'))).outcome, 'none');
});

test('Cassandra: the outcome of what was sent and not answered is unknown, whatever became of the others', async () => {
  for (const fault of [response(codes.writeTimeout), new errors.OperationTimedOutError('late')]) {
    assert.equal((await failure([fault])).outcome, 'unknown');
    assert.equal((await failure([response(codes.overloaded), fault])).outcome, 'unknown');
  }
});

test('Cassandra: nothing was written when the indexed fields of a row could not be read', async () => {
  const late = new errors.OperationTimedOutError('late');
  assert.equal((await failure([late], undefined, { data: undefined })).outcome, 'none');
});

test('SQLite: what was rolled back was not written; what a file could not finish may have been', async () => {
  for (const [errcode, outcome] of [
    [5, 'none'],
    [13, 'none'],
    [10, 'unknown'],
    [10 | (4 << 8), 'unknown'],
  ] as const) {
    const failing = guarded('TABLES_AWAY', 'writing', () => {
      throw Object.assign(new Error('as the test wants it'), { errcode });
    });
    await assert.rejects(failing, { code: 'TABLES_AWAY', outcome });
  }
});
