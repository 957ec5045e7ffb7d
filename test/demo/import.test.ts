import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TributaryError } from '../../core/errors.ts';
import { type DemoEvent, eventsOf } from '../../demo/events.ts';
import { openImport } from '../../demo/import.ts';
import { readRows } from '../../demo/read.ts';
import { selectRows } from '../../demo/rows.ts';
import { type Database, openDatabase } from '../../embedded/database.ts';
import { memoryStores, type TestStores } from '../../testing/stores.ts';
import { keyOf } from '../../topics/define.ts';
import { topics } from '../../topics/index.ts';
import { partitionOf } from '../../topics/log/partition.ts';
import type { Claim, LogRecord, Transport } from '../../topics/log/transport.ts';

const PARTITIONS = 3;
const events = eventsOf(selectRows(readRows(), ['AAA-2014J']));

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'tributary-import-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

const stores = (database?: Database): Promise<TestStores> =>
  memoryStores([], { topics, partitions: PARTITIONS, ...(database && { database }) });

async function importAll(
  { transport, codec }: Pick<TestStores, 'transport' | 'codec'>,
  options: { of?: readonly DemoEvent[]; until?: number; chunk?: number } = {},
): Promise<number[]> {
  const { of = events, until = of.length, chunk = 100 } = options;
  const progress: number[] = [];
  const demo = await openImport(transport, codec, 'AAA-2014J');
  await demo.run(of, { until, chunk, progress: (done) => progress.push(done) });
  await demo.close();
  return progress;
}

/** The records of every topic, by "topic/partition", in the order of the log. */
async function logOf(transport: Transport): Promise<Map<string, LogRecord[]>> {
  const log = new Map<string, LogRecord[]>();
  for (const { name, partitions } of await transport.describe(topics.map((topic) => topic.name))) {
    for (const { partition, begin, end } of partitions) {
      log.set(`${name}/${partition}`, await transport.read(name, partition, begin, end - begin));
    }
  }
  return log;
}

const idsOf = async (transport: Transport): Promise<Map<string, unknown[]>> =>
  new Map(
    [...(await logOf(transport))].map(([name, records]) => [name, records.map(({ headers }) => headers['ce_id'])]),
  );

/** The ids expected in each partition, in order. */
function expectedIds(): Map<string, string[]> {
  const expected = new Map<string, string[]>();
  for (const { name } of topics) for (let p = 0; p < PARTITIONS; p++) expected.set(`${name}/${p}`, []);
  for (const { topic, def, id, data } of events) {
    const key = Buffer.from(String(keyOf(topic, { type: def.type, data })));
    expected.get(`${topic.name}/${partitionOf(key, PARTITIONS)}`)?.push(id);
  }
  return expected;
}

test('every event is once in the partition of its key, in the order of the list', async (t) => {
  const all = await stores();
  t.after(() => all.close());
  await importAll(all);
  assert.deepEqual(await idsOf(all.transport), expectedIds());
});

test('the imported records decode to the events of the list', async (t) => {
  const all = await stores();
  t.after(() => all.close());
  await importAll(all);
  const log = await logOf(all.transport);
  const decoded = new Map<string, object>();
  for (const topic of topics) {
    const wanted = new Map(topic.events.map((def) => [def.type, def]));
    for (let partition = 0; partition < PARTITIONS; partition++) {
      for (const record of log.get(`${topic.name}/${partition}`) ?? []) {
        const result = all.codec.decode(topic, record, wanted);
        assert.equal(result.kind, 'event');
        decoded.set(result.event.id, result.event);
        assert.equal(Buffer.from(record.key ?? []).toString(), result.event.data[topic.key]);
      }
    }
  }
  for (const { id, def, time, data } of events) {
    const event = decoded.get(id) as { data: object } | undefined;
    assert.ok(event, id);
    assert.deepEqual(
      { ...event, data: undefined, loggedAt: undefined },
      {
        type: def.type,
        loggedAt: undefined,
        id,
        source: '/demo/oulad',
        time,
        tenant: 'default',
        data: undefined,
      },
    );
    // A partial comparison, because reading adds the defaults of missing fields.
    assert.partialDeepStrictEqual(JSON.parse(JSON.stringify(event.data)), data);
  }
});

test('a second import adds nothing, and does not need the list to know that it is complete', async (t) => {
  const all = await stores();
  t.after(() => all.close());
  const progress = await importAll(all);
  assert.equal(progress.at(-1), events.length);
  const before = await logOf(all.transport);
  const again = await openImport(all.transport, all.codec, 'AAA-2014J');
  assert.equal(again.done, events.length);
  assert.equal(again.total, events.length);
  await again.close();
  assert.deepEqual(await importAll(all), []);
  assert.deepEqual(await logOf(all.transport), before);
});

test('an import can be stopped, and resumes from there', async (t) => {
  const all = await stores();
  t.after(() => all.close());
  const [until, chunk] = [events.length - 1, 100];
  assert.equal((await importAll(all, { until: 150, chunk })).join(), '100,150');
  assert.equal((await importAll(all, { until, chunk })).at(-1), until);
  assert.deepEqual(await importAll(all, { chunk }), [events.length]);
  assert.deepEqual(await idsOf(all.transport), expectedIds());
});

test('a process that dies before or after any commit leaves an import that resumes without gap or repeat', async (t) => {
  const path = folder(t);
  const chunk = 100;
  const commits = Math.ceil(events.length / chunk);
  let deaths = 0;
  for (let attempt = 0; ; attempt++) {
    const database = openDatabase(path);
    const all = await stores(database);
    const dying =
      attempt < 2 * commits ? dyingTransport(all.transport, attempt % 2 === 0 ? 'before' : 'after') : all.transport;
    let died = false;
    await importAll({ transport: dying, codec: all.codec }, { chunk }).catch((error) => {
      assert.equal(error.message, 'died');
      died = true;
      deaths += 1;
    });
    // Closes only the file, which is what a killed process leaves behind.
    if (died) {
      database.close();
      continue;
    }
    assert.deepEqual(await idsOf(all.transport), expectedIds());
    await all.close();
    break;
  }
  // Each odd attempt gets one commit further. After the last commit, no attempt can die.
  assert.equal(deaths, 2 * commits);
});

test('a list made from other data is refused, and the message has what was imported and what to do', async (t) => {
  const all = await stores();
  t.after(() => all.close());
  await importAll(all, { until: 100 });
  await assert.rejects(
    openImport(all.transport, all.codec, 'all presentations'),
    (error: unknown) =>
      error instanceof TributaryError &&
      error.code === 'ALREADY_EXISTS' &&
      /with AAA-2014J, not with all presentations: .*--data/.test(error.message),
  );
  assert.deepEqual((await importAll(all, { chunk: 10_000 })).at(-1), events.length);
});

/** A transport that throws at the first commit, before or after it is made. */
function dyingTransport(transport: Transport, when: 'before' | 'after'): Transport {
  return {
    ...transport,
    async join(...args) {
      const membership = await transport.join(...args);
      const claim = async (partition: number): Promise<Claim> => {
        const inner = await membership.claim(partition);
        return {
          ...inner,
          async commit(transaction) {
            if (when === 'after') await inner.commit(transaction);
            throw new Error('died');
          },
        };
      };
      return { partitions: membership.partitions, claim, leave: () => membership.leave() };
    },
  };
}
