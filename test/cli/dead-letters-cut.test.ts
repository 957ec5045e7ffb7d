/** Truncated dead letters, and dead letters of events for several rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadLetter } from '../../jobs/runtime/dead-letter.ts';
import { ONLY_FOR } from '../../topics/codec/codec.ts';
import { LOGGED_AT } from '../../topics/codec/own-headers.ts';
import { LARGEST_RECORD, RecordTooLarge } from '../../topics/log/limits.ts';
import { onlyRows } from '../../topics/log/only.ts';
import { partitionOfText } from '../../topics/log/partition.ts';
import { cut, DEAD, event, LOGGED, lastOf, list, REPLAY, rejected, TOPIC } from './dead-letters.ts';
import { command, wired } from './in-process.ts';

test('for a truncated dead letter, the record is shown and replayed from the log', async (t) => {
  const one = await wired(t);
  const record = event('x'.repeat(100_000), { other: 'y'.repeat(5000) });
  const id = await cut(one, record, 3000);
  const deadLetter = await lastOf(one, DEAD, 2);
  assert.ok((deadLetter?.value?.length ?? 0) < 3000);
  const { stdout } = await command(one, 'dead-letters show', { id, json: true });
  assert.deepEqual(Buffer.from(JSON.parse(stdout).valueBase64, 'base64'), record.value);
  assert.equal(JSON.parse(stdout).cutFrom, null);
  assert.equal((await command(one, 'dead-letters replay', { ...REPLAY, ids: [id] })).code, 0);
  const replayed = await lastOf(one, TOPIC, 2);
  assert.deepEqual(Buffer.from(replayed?.value ?? ''), record.value);
  assert.deepEqual(replayed?.headers, {
    ...record.headers,
    [LOGGED_AT]: String(LOGGED),
    [ONLY_FOR]: 'track-progress',
  });
});

test('a truncated dead letter whose record the log has dropped is shown in part and not replayed; others are replayed', async (t) => {
  const one = await wired(t);
  const gone = await cut(one, { ...event('x'.repeat(100_000)), partition: 3 }, 3000);
  await one.stores.transport.expire(Date.now());
  const other = await rejected(one, event('{}'), ['track-progress']);
  const { stdout } = await command(one, 'dead-letters show', { id: gone, json: false });
  assert.match(stdout, /^cut: \d+ of 100000 bytes of the value are left; the log no longer has the record$/m);
  assert.equal(JSON.parse((await command(one, 'dead-letters show', { id: gone, json: true })).stdout).cutFrom, 100_000);
  const { code, stdout: answer } = await command(one, 'dead-letters replay', { ...REPLAY, all: true });
  assert.equal(code, 1);
  const { replayed, left } = JSON.parse(answer);
  assert.deepEqual(replayed, [{ id: other, job: 'track-progress' }]);
  assert.deepEqual(
    left.map(({ id, job }: { id: string; job: string }) => [id, job]),
    [[gone, 'track-progress']],
  );
  assert.match(left[0].why, /let its producer send it again/);
  assert.deepEqual(
    (await list(one)).map(({ id }) => id),
    [gone],
    'it was not marked as replayed',
  );
  const text = await command(one, 'dead-letters replay', { ...REPLAY, all: true, json: false });
  assert.match(
    text.stderr,
    new RegExp(`^${gone} is left as it is: only the beginning of its value of 100000 bytes`, 'm'),
  );
});

test('another record at the position of a truncated one is not taken for it', async (t) => {
  const one = await wired(t);
  const record = event('x'.repeat(100_000));
  const id = await cut(one, record, 3000);
  for (const other of [{ timestamp: 7 }, { value: Buffer.from('y'.repeat(100_000)) }]) {
    const [offset] = await one.stores.transport.produce([{ ...record, ...other }]);
    const assignment = { job: 'notify', topic: TOPIC, partition: 2 };
    const rejection = { record: { ...record, offset: offset as number }, code: 'JOB_FAILED' as const, message: 'no' };
    await one.stores.transport.produce([
      deadLetter(rejection, { assignment, partitions: () => 6, limit: () => 3000, now: 2000 }),
    ]);
    const { stdout } = await command(one, 'dead-letters show', { id: `${TOPIC}/2/${offset}`, json: true });
    assert.equal(JSON.parse(stdout).cutFrom, 100_000);
  }
  assert.equal(JSON.parse((await command(one, 'dead-letters show', { id, json: true })).stdout).cutFrom, null);
});

test('a dead letter that names rows shows them, and its replay reaches those rows in their partitions', async (t) => {
  const one = await wired(t);
  const keys = ['u1', 'u2', 'u3'].map((user) => ['default', user, 'c1', 'b1']);
  const about = { rows: keys.slice(0, 2), unshown: keys.slice(2) };
  const id = await cut(one, { ...event('{}'), key: null }, LARGEST_RECORD, about);
  const { stdout } = await command(one, 'dead-letters show', { id, json: false });
  for (const line of ['rejected by the row: u1/c1/b1', 'views not written of the row: u3/c1/b1']) {
    assert.ok(stdout.split('\n').includes(line), line);
  }
  assert.equal((await command(one, 'dead-letters replay', { ...REPLAY, ids: [id] })).code, 0);
  const reached: Record<'rows' | 'views', string[]> = { rows: [], views: [] };
  for (let partition = 0; partition < 6; partition++) {
    for (const { offset, headers } of await one.stores.transport.read(TOPIC, partition, 0, 10)) {
      if (partition === 2 && offset === 0) continue;
      const only = onlyRows(headers);
      if (typeof only !== 'object') assert.fail('it names rows');
      for (const which of ['rows', 'views'] as const) {
        for (const key of only[which]) {
          assert.equal(partitionOfText(key[0] ?? '', 6), partition);
          reached[which].push(key.join('/'));
        }
      }
    }
  }
  assert.deepEqual(
    { rows: reached.rows.sort(), views: reached.views },
    { rows: ['u1/c1/b1', 'u2/c1/b1'], views: ['u3/c1/b1'] },
  );
});

test('a replay that would apply something twice is refused: rows without names, and a view that was refused before dead letters named rows', async (t) => {
  const one = await wired(t);
  const rows = Array.from({ length: 500 }, (_, n) => ['default', `u${n}`, 'c1', 'b1']);
  const unnamed = await cut(one, event('{}'), 3000, { rows });
  const old = await cut(one, event('{}'), 3000, { code: 'VIEW_REFUSED' });
  assert.match((await command(one, 'dead-letters show', { id: unnamed, json: false })).stdout, /^rows: 500, too many/m);
  const { code, stdout } = await command(one, 'dead-letters replay', { ...REPLAY, ids: [unnamed, old] });
  assert.equal(code, 1);
  const { replayed, left } = JSON.parse(stdout);
  assert.deepEqual(replayed, []);
  assert.match(left[0].why, /500 rows.*would apply it twice/);
  assert.match(left[1].why, /rebuild-views/);
});

test('a record that its topic does not accept is skipped, and the others of the same call are replayed', async (t) => {
  const one = await wired(t);
  const ids = [];
  for (const text of ['a', 'b'.repeat(100), 'c']) ids.push(await rejected(one, event(text), ['track-progress']));
  const { transport } = one.stores;
  const exclusive = transport.exclusive.bind(transport);
  transport.exclusive = async (name, topics) => {
    const { produce } = await exclusive(name, topics);
    return {
      async produce(records) {
        if (records.some(({ value }) => value?.length === 100)) throw new RecordTooLarge(TOPIC, 'it is too large');
        return produce(records);
      },
    };
  };
  const { code, stdout } = await command(one, 'dead-letters replay', { ...REPLAY, all: true });
  assert.equal(code, 1);
  const { replayed, left } = JSON.parse(stdout);
  assert.deepEqual(
    replayed.map(({ id }: { id: string }) => id),
    [ids[0], ids[2]],
  );
  assert.deepEqual(left, [{ id: ids[1], job: 'track-progress', why: 'it is too large' }]);
});
