/** Offsets committed by another tool, which removes the metadata of the commits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeBatch, trackProgress } from '../../jobs/index.ts';
import { DAY_ONE } from '../harness/campus.ts';
import { putBy } from '../harness/other-tools.ts';
import { begin, campus, end, seek, show, showText } from './offsets-harness.ts';

const DAY = 24 * 3_600_000;

const PLACES: Readonly<Record<string, (end: number) => number>> = {
  'the begin': () => 0,
  'the middle': (end) => Math.floor(end / 2),
  'the end': (end) => end,
};

for (const [where, offsetFrom] of Object.entries(PLACES)) {
  test(`another tool resets a job to ${where}, then the upstream job is rewound: counts stay right, and the reset is reported`, async (t) => {
    const c = await campus(t);
    await c.enrol(10);
    await c.run();
    await putBy(c, summarizeBatch, offsetFrom);
    await c.run();
    assert.deepEqual([...new Set(c.reported('offset-foreign').map(({ job }) => job))], [summarizeBatch.name]);
    await seek(c, trackProgress, begin);
    await c.run();
    assert.deepEqual(await c.counts(), [10, 10]);
    assert.equal(c.reported('offset-foreign').length, 2, 'once a partition: it is repaired');
    // The upstream job emits all its events again.
    c.stores.database.exec(`DELETE FROM "${trackProgress.row.name}"`);
    await seek(c, trackProgress, begin, { restored: true });
    await c.run();
    assert.deepEqual(await c.counts(), [10, 10]);
  });
}

test('a move repairs what another tool has changed before the next claim', async (t) => {
  for (const to of [begin, end]) {
    const c = await campus(t);
    await c.enrol(10);
    await c.run();
    await putBy(c, summarizeBatch, (last) => last);
    assert.match((await showText(c)).stdout, /^summarize-batch .* committed by another tool$/m);
    assert.match(
      await seek(c, summarizeBatch, to),
      /The dedupe positions are rebuilt from the log, which is complete from offset 0 on\./,
    );
    assert.ok((await show(c, [summarizeBatch.name])).shown[0]?.partitions.every(({ notes }) => notes.length === 0));
    await c.run();
    await seek(c, trackProgress, begin);
    await c.run();
    assert.deepEqual(await c.counts(), [10, 10]);
    assert.deepEqual(c.reported('offset-foreign'), []);
  }
});

test('the report names the first offset from which the log shows what was counted', async (t) => {
  const c = await campus(t);
  await c.enrol(6);
  await c.run();
  c.clock.set(DAY_ONE + 20 * DAY);
  await c.enrol(4);
  await c.run();
  await c.stores.transport.expire(DAY_ONE + 35 * DAY);
  const { begin: first = 0 } = (await c.stores.transport.describe([summarizeBatch.from.name]))[0]?.partitions[0] ?? {};
  assert.ok(first > 0);
  await putBy(c, summarizeBatch, (last) => last);
  const output = await seek(c, summarizeBatch, end);
  assert.match(output, /The dedupe positions are rebuilt from the log, as far back as it reaches\. /);
  assert.match(output, new RegExp(`^ +0 .* ${first} `, 'm'));
  // Since then, each of the two upstream partitions has emitted something.
  await seek(c, trackProgress, begin);
  await c.run();
  assert.deepEqual(await c.counts(), [10, 10]);
});
