/** Rows beyond Cassandra's default limits, on a server whose limits were raised as docs/operate.md describes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Entries } from '../../core/entries.ts';
import { groupMembership } from '../../schemas/rows/group-membership.ts';
import { startCassandra } from '../../servers/cassandra.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import type { RowWrite, StoredRow } from '../../sinks/tables/port.ts';

const MEMBERS = 20_000;
const COURSES = 4;

const folder = mkdtempSync(join(tmpdir(), 'tributary-cassandra-'));
const server = await startCassandra({
  folder,
  heap: '512m',
  settings: { commitlog_segment_size: '64MiB', native_transport_max_frame_size: '32MiB' },
});
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true });
});

test('a group of twenty thousand members in four courses is written whole, read and changed', async (t) => {
  const tables = cassandraTables({ url: `${server.url}/large?largest=28` });
  t.after(() => tables.close());
  await tables.prepare([groupMembership]);
  const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const members = Entries.of(
    Array.from({ length: MEMBERS }, (_, n): [string, unknown] => [id(n), { role: 'member', since: 1767600000000 }]),
  );
  const progress = Entries.of(
    Array.from({ length: MEMBERS * COURSES }, (_, n): [string, unknown] => {
      const [userId, courseId] = [id(n % MEMBERS), id(Math.floor(n / MEMBERS))];
      const value = { userId, courseId, enrolled: true, progress: 50, state: 'in_progress', completedAt: null };
      return [`${userId}/${courseId}`, value];
    }),
  );
  const key = ['acme', 'g'];
  const row = (token: number, revision: number, over: Partial<RowWrite>): RowWrite => ({
    ...{ key, version: { token, revision }, at: 'at', outbox: '', timers: {}, partition: 0, whole: false },
    data: { groupId: 'g', name: 'G', createdAt: 1, members, activities: Entries.empty(), progress },
    ...over,
  });
  assert.deepEqual(await tables.write(groupMembership, [row(1, 1, { whole: true })]), ['written']);
  const entriesOf = (found: StoredRow | undefined, field: string): Entries<unknown> => {
    const value = found?.data?.[field];
    assert.ok(value instanceof Entries);
    return value;
  };
  const [read] = await tables.read(groupMembership, [key]);
  const held = entriesOf(read, 'progress');
  assert.equal(held.size, MEMBERS * COURSES);
  const data = { ...read?.data, progress: held.delete([...held.keys()][0] as string) };
  assert.deepEqual(await tables.write(groupMembership, [row(1, 2, { data })]), ['written']);
  const [changed] = await tables.read(groupMembership, [key]);
  assert.equal(entriesOf(changed, 'progress').size, MEMBERS * COURSES - 1);
  assert.deepEqual(await tables.write(groupMembership, [row(2, 2, { whole: true, data })]), ['written']);
  const [taken] = await tables.read(groupMembership, [key]);
  assert.deepEqual(taken?.version, { token: 2, revision: 2 });
  assert.equal(entriesOf(taken, 'members').size, MEMBERS);
});
