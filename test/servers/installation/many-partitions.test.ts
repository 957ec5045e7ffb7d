/** A whole worker with a thousand partitions. `test/bench/many-partitions.ts` measures how long it takes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startKafka } from '../../../servers/kafka.ts';
import { running } from '../../../servers/running.ts';
import { enrolEverywhere, live, wiredTo } from '../../harness/many-partitions.ts';
import { intercept } from '../../jobs/runtime/intercept.ts';

const PARTITIONS = 1000;

const folder = mkdtempSync(join(tmpdir(), 'tributary-many-'));
// A separate broker, since the topics have their declared names.
const kafka = await startKafka({ folder: join(folder, 'kafka') });
after(async () => {
  await kafka.kill();
  rmSync(folder, { recursive: true, force: true });
});

test('a worker claims a thousand partitions, each once, and reads the committed offsets of its group a few times', async (t) => {
  const cassandra = await running('cassandra');
  const wired = await wiredTo({ kafka: kafka.url, cassandra: cassandra.url, folder }, PARTITIONS);
  t.after(() => wired.close());
  for (const round of [0, 1]) {
    await enrolEverywhere(wired, PARTITIONS, round);
    let readings = 0;
    const { transport } = intercept(wired.stores, async (name, go) => {
      if (name === 'transport.committed') readings += 1;
      return go();
    });
    const { joinedMs, ownedMs, appliedMs, stopMs, reports } = await live(wired, PARTITIONS, transport);
    t.diagnostic(JSON.stringify({ round, joinedMs, ownedMs, appliedMs, stopMs, readings, reported: [...reports] }));
    // If the tables are away, a claim may be made again.
    const [claimed = 0, waits = 0] = ['claimed', 'waiting for TABLES_AWAY'].map((kind) => reports.get(kind));
    assert.ok(claimed >= PARTITIONS && claimed <= PARTITIONS + waits, `${claimed} claims with ${waits} waits`);
    assert.equal(reports.get('fenced') ?? 0, 0);
    assert.equal(reports.get('released'), PARTITIONS);
    // A claim with a committed offset of its own does not read those of the group.
    if (round === 0) assert.ok(readings > 0 && readings < PARTITIONS / 10 + waits, `${readings} readings`);
    else assert.equal(readings, 0);
  }
});
