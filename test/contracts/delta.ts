/** The contract of a Delta table on any implementation of the objects port: see `sinks/delta/index.ts`. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { TributaryError } from '../../core/errors.ts';
import { filesOf, txnOf } from '../../sinks/delta/index.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { commitOf, DAY, deltaTests, LAYOUT, LOG, plain, rowsOf, txn } from './delta-samples.ts';
import { deltaUpkeepContract } from './delta-upkeep.ts';
import { bodyOf, bytes, names } from './objects-samples.ts';

/** `make` returns a separate empty store for every test. */
export function deltaContract(name: string, make: (t: TestContext) => Promise<Objects>): void {
  const deltaTest = deltaTests(name, make);

  deltaTest('a missing table is not found, and one of several concurrent creators creates it', async (world) => {
    assert.equal(await world.open().find(), undefined);
    await assert.rejects(world.open().refresh(), { code: 'NOT_FOUND' });
    await assert.rejects(
      world.open().commit(() => ({ operation: 'WRITE', actions: [] })),
      { code: 'NOT_FOUND' },
    );
    const made = await Promise.all([1, 2, 3, 4].map(() => world.open().create({ layout: LAYOUT })));
    assert.equal(new Set(made.map(({ metaData }) => metaData.id)).size, 1);
    assert.deepEqual(await names(world.objects, ''), [commitOf(0)]);
  });

  deltaTest('rows of every type are read as they were written, with the txn of their commit', async (world) => {
    const table = world.open();
    await table.create({ layout: LAYOUT });
    await world.write(table, [...rowsOf(0, 40), ...rowsOf(0, 3, '2026-12-01')], [txn('a', 40)]);
    await world.write(table, rowsOf(40, 50), [txn('a', 50), txn('b', 7)]);
    const snapshot = await world.open().refresh();
    assert.deepEqual([txnOf(snapshot, 'a'), txnOf(snapshot, 'b'), txnOf(snapshot, 'c')], [50, 7, undefined]);
    assert.deepEqual([...snapshot.days.keys()].sort(), ['2026-11-30', '2026-12-01']);
    const expected = [...rowsOf(0, 50), ...rowsOf(0, 3, '2026-12-01')].map((row) => plain(row));
    assert.deepEqual(await world.rows(snapshot), expected);
  });

  deltaTest(
    'several concurrent writers are each asked until their commit comes next, and nothing is lost',
    async (world) => {
      await world.open().create({ layout: LAYOUT });
      const conflicts = await Promise.all(
        Array.from({ length: 6 }, async (_, writer) => {
          const table = world.open();
          let met = 0;
          for (let n = 1; n <= 3; n += 1) {
            const { conflicts } = await table.commit((snapshot) => {
              assert.equal(txnOf(snapshot, `w${writer}`) ?? 0, n - 1, 'it is asked with what it has committed');
              return { operation: 'WRITE', actions: [txn(`w${writer}`, n)] };
            });
            met += conflicts;
          }
          return met;
        }),
      );
      assert.ok(
        conflicts.some((met) => met > 0),
        'they met each other',
      );
      const snapshot = await world.open().refresh();
      assert.equal(snapshot.version, 18);
      assert.deepEqual(
        [...snapshot.txns.values()].map(({ version }) => version),
        [3, 3, 3, 3, 3, 3],
      );
    },
  );

  deltaTest('a writer that is asked again and sees that another has advanced commits nothing', async (world) => {
    const [first, second] = [world.open(), world.open()];
    await first.create({ layout: LAYOUT });
    const step = (snapshot: Parameters<Parameters<typeof first.commit>[0]>[0]) =>
      txnOf(snapshot, 'a') === undefined ? { operation: 'WRITE', actions: [txn('a', 10)] } : undefined;
    await second.refresh();
    assert.equal((await first.commit(step)).committed, true);
    const { committed, snapshot, conflicts } = await second.commit(step);
    assert.deepEqual([committed, txnOf(snapshot, 'a'), conflicts], [false, 10, 1]);
    assert.deepEqual((await names(world.objects, LOG)).length, 2);
  });

  deltaTest('only the newest snapshot decides that nothing is committed', async (world) => {
    const [first, second] = [world.open(), world.open()];
    await first.create({ layout: LAYOUT });
    await second.refresh();
    await first.commit(() => ({ operation: 'WRITE', actions: [txn('a', 10)] }));
    const asked: (number | undefined)[] = [];
    const goOn = (from: number) =>
      second.commit((snapshot) => {
        asked.push(txnOf(snapshot, 'a'));
        return txnOf(snapshot, 'a') === from ? { operation: 'WRITE', actions: [txn('a', from + 1)] } : undefined;
      });
    const { committed, conflicts } = await goOn(10);
    assert.deepEqual([committed, conflicts, asked], [true, 0, [undefined, 10]]);
    assert.equal((await goOn(5)).committed, false);
    assert.deepEqual(asked, [undefined, 10, 11], 'it is not asked twice with the same');
  });

  deltaTest('a table is read from its checkpoint, and advances from there', async (world) => {
    const table = world.open({ checkpointEvery: 3 });
    await table.create({ layout: LAYOUT });
    for (let n = 0; n < 7; n += 1) await world.write(table, rowsOf(n * 2, n * 2 + 2), [txn('a', n)]);
    const read = await world.open().refresh();
    assert.deepEqual([read.version, read.checkpoint, txnOf(read, 'a')], [7, 6, 6]);
    const whole = await table.refresh();
    assert.deepEqual(
      await world.rows(read),
      rowsOf(0, 14).map((row) => plain(row)),
    );
    assert.deepEqual(read.metaData, { ...whole.metaData, description: null });
    assert.deepEqual(read.columns, whole.columns);
  });

  deltaTest('a pointer or checkpoint that is missing, old or damaged costs reads and nothing else', async (world) => {
    const table = world.open({ checkpointEvery: 2 });
    await table.create({ layout: LAYOUT });
    for (let n = 1; n <= 5; n += 1) await table.commit(() => ({ operation: 'WRITE', actions: [txn('a', n)] }));
    const pointer = `${LOG}_last_checkpoint`;
    const checkpoint = (version: number) => commitOf(version).replace('json', 'checkpoint.parquet');
    const damages: (() => Promise<unknown>)[] = [
      () => world.objects.put(pointer, bytes('{"version":2,"size":3}')),
      () => world.objects.put(pointer, bytes('{"version":3,"size":3}')),
      () => world.objects.put(pointer, bytes('{"version":99,"size":3}')),
      () => world.objects.put(pointer, bytes('no JSON')),
      () => world.objects.put(pointer, bytes('')),
      () => world.objects.remove(pointer),
      () => world.objects.put(pointer, bytes('{"version":4,"size":3}')),
      () => world.objects.put(checkpoint(4), bytes('PAR1 and no more')),
      () => world.objects.put(checkpoint(4), bytes('')),
      () => world.objects.put(checkpoint(2), bytes('PAR1')),
      () => world.objects.remove(checkpoint(4)),
    ];
    for (const damage of damages) {
      await damage();
      const snapshot = await world.open().refresh();
      assert.deepEqual([snapshot.version, txnOf(snapshot, 'a')], [5, 5], String(damage));
    }
  });

  deltaTest('a checkpoint that cannot be written fails no commit', async (world) => {
    let problems = 0;
    const objects: Objects = {
      ...world.objects,
      put: () => Promise.reject(new Error('no checkpoint today')),
    };
    const table = world.open({
      objects,
      checkpointEvery: 2,
      onCheckpointFailed: () => {
        problems += 1;
      },
    });
    await table.create({ layout: LAYOUT });
    for (let n = 1; n <= 4; n += 1) await table.commit(() => ({ operation: 'WRITE', actions: [txn('a', n)] }));
    assert.equal(problems, 2);
    assert.equal(txnOf(await world.open().refresh(), 'a'), 4);
  });

  deltaTest('a log is cleaned up to a checkpoint, and a reader that was behind recovers', async (world) => {
    const [table, away] = [world.open({ checkpointEvery: 4 }), world.open()];
    await table.create({ layout: LAYOUT });
    for (let n = 1; n <= 3; n += 1) await table.commit(() => ({ operation: 'WRITE', actions: [txn('a', n)] }));
    assert.equal((await away.refresh()).version, 3);
    for (let n = 4; n <= 9; n += 1) await table.commit(() => ({ operation: 'WRITE', actions: [txn('a', n)] }));
    assert.deepEqual(await table.cleanLog(), [], 'it is too young');
    world.clock.now += 8 * DAY;
    const removed = await table.cleanLog();
    assert.deepEqual(
      removed.filter((each) => each.endsWith('json')),
      [0, 1, 2, 3, 4, 5, 6, 7].map(commitOf),
    );
    assert.deepEqual(await table.cleanLog(), []);
    // `away` knows version 3, and the commit of version 4 was deleted. If it committed version 4 again, its commit would be lost.
    const { snapshot, conflicts } = await away.commit((snapshot) => {
      return { operation: 'WRITE', actions: [txn('b', (txnOf(snapshot, 'a') ?? 0) * 100)] };
    });
    assert.deepEqual([snapshot.version, txnOf(snapshot, 'a'), txnOf(snapshot, 'b'), conflicts], [10, 9, 900, 1]);
    await world.objects.put(`${LOG}_last_checkpoint`, bytes('{"version":4,"size":3}'));
    assert.equal(txnOf(await world.open().refresh(), 'b'), 900);
    await world.objects.remove(`${LOG}_last_checkpoint`);
    assert.equal(txnOf(await world.open().refresh(), 'b'), 900);
  });

  deltaTest('a reader that paused while the log was cleaned does not get an old version', async (world) => {
    const table = world.open({ checkpointEvery: 4 });
    await table.create({ layout: LAYOUT });
    let isStill = false;
    const objects: Objects = {
      ...world.objects,
      async get(name, range) {
        if (isStill && name === commitOf(1)) {
          isStill = false;
          for (let n = 1; n <= 5; n += 1) await table.commit(() => ({ operation: 'WRITE', actions: [txn('a', n)] }));
          world.clock.now += 8 * DAY;
          assert.equal((await table.cleanLog()).length, 4);
        }
        return world.objects.get(name, range);
      },
    };
    const reader = world.open({ objects });
    assert.equal((await reader.refresh()).version, 0);
    isStill = true;
    assert.equal((await reader.refresh()).version, 5);
  });

  deltaTest('a log with a gap that no checkpoint covers is broken, and the error reports it', async (world) => {
    const table = world.open();
    await table.create({ layout: LAYOUT });
    for (let n = 1; n <= 4; n += 1) await table.commit(() => ({ operation: 'WRITE', actions: [txn('a', n)] }));
    const [first, third] = await Promise.all([0, 2].map((version) => bodyOf(world.objects, commitOf(version))));
    const broken = { code: 'STORE_BROKEN', message: /hole before version 4/ };
    await world.objects.remove(commitOf(2));
    await assert.rejects(world.open().refresh(), broken);
    await world.objects.put(commitOf(2), third ?? bytes(''));
    await world.objects.remove(commitOf(0));
    await assert.rejects(world.open().refresh(), broken);
    await world.objects.put(commitOf(0), first ?? bytes(''));
    assert.equal((await world.open().refresh()).version, 4);
    await world.objects.put(commitOf(0), bytes('{"add":{"path":1}}\n'));
    await assert.rejects(world.open().refresh(), { code: 'STORE_BROKEN', message: /line 1 of .*0\.json/ });
  });

  deltaTest('commits of other writers are understood: compactions, vacuums and unknown actions', async (world) => {
    const table = world.open();
    await table.create({ layout: LAYOUT });
    await world.write(table, rowsOf(0, 2), [txn('a', 1)]);
    const before = await world.write(table, rowsOf(2, 4));
    const [one, two] = filesOf(before);
    assert.ok(one && two);
    const foreign = [
      [{ commitInfo: { timestamp: 1, operation: 'VACUUM START' } }],
      [{ commitInfo: { timestamp: 2, operation: 'VACUUM END' } }, { somethingNew: { a: 1 } }],
      [{ remove: { path: one.path, dataChange: false } }, { txn: { appId: 'theirs', version: 3 } }],
      [{ add: { ...one, dataChange: false } }],
    ];
    for (const [at, actions] of foreign.entries()) {
      const body = actions.map((action) => JSON.stringify(action)).join('\n');
      await world.objects.create(commitOf(before.version + 1 + at), bytes(body));
    }
    const after = await world.write(table, rowsOf(4, 6), [txn('a', 2)]);
    assert.equal(after.version, before.version + 5);
    assert.deepEqual([txnOf(after, 'a'), txnOf(after, 'theirs'), after.removed.size], [2, 3, 0]);
    assert.deepEqual(
      await world.rows(after),
      rowsOf(0, 6).map((row) => plain(row)),
    );
  });

  deltaTest('a writer that meets a raised protocol refuses it before it writes anything', async (world) => {
    for (const [protocol, message] of [
      [
        { minReaderVersion: 1, minWriterVersion: 3 },
        /requires writer version 3; this release supports reader version 1/,
      ],
      [{ minReaderVersion: 2, minWriterVersion: 2 }, /requires reader version 2/],
      [
        {
          minReaderVersion: 3,
          minWriterVersion: 7,
          readerFeatures: ['deletionVectors'],
          writerFeatures: ['deletionVectors'],
        },
        /the features deletionVectors;/,
      ],
    ] as const) {
      const name = `t${protocol.minReaderVersion}${protocol.minWriterVersion}`;
      const table = world.open({ table: name });
      await table.create({ layout: LAYOUT });
      const raised = `${name}/_delta_log/00000000000000000001.json`;
      await world.objects.create(raised, bytes(JSON.stringify({ protocol })));
      const refused = { code: 'TABLE_PROTOCOL', kind: 'fatal', message };
      await assert.rejects(
        table.commit(() => ({ operation: 'WRITE', actions: [] })),
        refused,
      );
      await assert.rejects(world.open({ table: name }).refresh(), refused);
      assert.equal((await names(world.objects, `${name}/`)).length, 2);
    }
  });

  deltaTest('a commit that would damage the table is refused', async (world) => {
    const table = world.open();
    const { metaData } = await table.create({ layout: LAYOUT });
    const [add] = filesOf(await world.write(table, rowsOf(0, 1)));
    assert.ok(add);
    const drop = { ...metaData, schemaString: metaData.schemaString.replace('"tenant"', '"landlord"') };
    for (const [action, message] of [
      [{ add }, /is already in the table/],
      [{ add: { ...add, path: 's3://elsewhere/a.parquet' } }, /outside/],
      [{ remove: { path: 'date=2026-11-30/none.parquet', dataChange: true } }, /removed, but is not in the table/],
      [{ protocol: { minReaderVersion: 3, minWriterVersion: 7 } }, /changes the protocol/],
      [{ metaData: drop }, /changes columns/],
      [{ metaData: { ...metaData, partitionColumns: [] } }, /changes columns/],
    ] as const) {
      await assert.rejects(
        table.commit(() => ({ operation: 'WRITE', actions: [action] })),
        { code: 'USAGE', message },
      );
    }
    const late = { ...add, path: 'date=2026-11-30/late.parquet', modificationTime: world.clock.now - 4 * DAY };
    await assert.rejects(
      table.commit(() => ({ operation: 'WRITE', actions: [{ add: late }] })),
      { code: 'COMMIT_REFUSED', outcome: 'none' },
    );
    assert.equal((await table.refresh()).version, 1);
  });

  deltaTest('a commit whose answer was lost is recognised in the log, and made once', async (world) => {
    const away = Object.assign(new Error('socket closed'), { code: 'ECONNRESET' });
    let fail: 'before' | 'after' | 'no' = 'no';
    const lost = () => new TributaryError('OBJECTS_AWAY', 'writing: socket closed; waiting for it', { cause: away });
    const objects: Objects = {
      ...world.objects,
      async create(name, body) {
        if (fail === 'before') throw lost();
        const info = await world.objects.create(name, body);
        if (fail === 'after') throw lost();
        return info;
      },
    };
    const table = world.open({ objects });
    await table.create({ layout: LAYOUT });
    const step = (n: number) => table.commit(() => ({ operation: 'WRITE', actions: [txn('a', n)] }));
    fail = 'after';
    assert.deepEqual([(await step(1)).committed, (await step(2)).snapshot.version], [true, 2]);
    fail = 'before';
    await assert.rejects(step(3), { code: 'OBJECTS_AWAY', outcome: 'unknown' });
    fail = 'no';
    assert.equal((await step(3)).snapshot.version, 3);
  });

  deltaUpkeepContract(name, make);
}
