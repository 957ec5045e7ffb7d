/** What moving a job's offset does if the job calls a channel. The procedures are tested in test/cli/offsets-restore.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call } from '../../../jobs/define.ts';
import { applyMoves, planMoves } from '../../../jobs/runtime/offsets/moves.ts';
import type { Channel } from '../../../sinks/channels/port.ts';
import { added, changed, parts, things } from './add-up.ts';
import { bench } from './bench.ts';

const job = changed({
  react: (_before, after, { type }) => {
    if (type !== added.type || after === undefined) return [];
    const messageId = `m-${after['thingId']}`;
    const address = `${after['thingId']}@example.org`;
    const message = { address, title: 'Sum', body: 'It grew.', link: null, unsubscribe: null };
    return [call({ channel: 'mail', attempt: 1, messageId, ...message })];
  },
  lookups: () => ({}),
});

for (const [where, again] of [
  ['begin', true],
  ['end', false],
] as const) {
  const what = again ? 'leave once more' : 'do not leave once more';
  test(`messages of rows that were lost ${what} when the job is moved to the ${where}`, async (t) => {
    const sent: string[] = [];
    const channel: Channel = {
      repeats: 'at-least-once',
      async send({ address }) {
        sent.push(address);
        return { outcome: 'sent', detail: 'accepted' };
      },
      close: async () => {},
    };
    const b = await bench(t, { jobs: [job], channels: { mail: channel } });
    await b.produce(
      [added, { thingId: 'a', partId: 'p', amount: 1 }],
      [added, { thingId: 'b', partId: 'p', amount: 1 }],
    );
    await b.run();
    assert.deepEqual(sent, ['a@example.org', 'b@example.org']);
    for (const name of [parts.name, `${parts.name}__entries`]) b.stores.database.exec(`DELETE FROM "${name}"`);
    const [info] = (await b.stores.transport.describe([things.name]))[0]?.partitions ?? [];
    const moves = await planMoves(job, b.runtime(), [{ partition: 0, offset: info?.[where] ?? 0 }], true);
    await applyMoves(job, b.runtime(), moves);
    sent.length = 0;
    await b.produce([added, { thingId: 'c', partId: 'p', amount: 1 }]);
    await b.run();
    const expected = again ? ['a@example.org', 'b@example.org', 'c@example.org'] : ['c@example.org'];
    assert.deepEqual(sent, expected);
  });
}
