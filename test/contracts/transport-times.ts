/** The contract of the transport port for the time of records. */
import assert from 'node:assert/strict';
import { record, type TransportCases } from './transport-members.ts';

export function timesContract(cases: TransportCases): void {
  cases('the offset of a time is that of the first record at that time or later', async (transport, topic) => {
    const now = Date.now();
    const times = [now, now + 10, now + 20, now + 15, now + 30];
    const offsets: number[] = [];
    for (const timestamp of times) offsets.push(...(await transport.produce([record(topic, 1, { timestamp })])));
    const indexOf = async (time: number) => offsets.indexOf(await transport.offsetAt(topic, 1, time));
    assert.deepEqual(
      await Promise.all([0, now, now + 1, now + 10, now + 15, now + 21].map(indexOf)),
      [0, 0, 1, 1, 2, 4],
    );
    const end = (await transport.describe([topic]))[0]?.partitions[1]?.end;
    assert.equal(await transport.offsetAt(topic, 1, now + 31), end);
    assert.equal(await transport.offsetAt(topic, 2, now), (await transport.describe([topic]))[0]?.partitions[2]?.end);
    await assert.rejects(transport.offsetAt(topic, 9, now), { code: 'TOPIC_MISSING' });
  });
}
