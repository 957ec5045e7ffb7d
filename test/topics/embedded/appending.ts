/**
 * A process that appends and commits in the given folder until it is killed. It prints what was acknowledged on standard output:
 * `produced N` records, or `committed N` as the offset. If it fails, it prints the error code.
 */
import { writeSync } from 'node:fs';
import { TributaryError } from '../../../core/errors.ts';
import { openDatabase } from '../../../embedded/database.ts';
import { embeddedTransport } from '../../../topics/embedded/transport.ts';
import { record } from '../../contracts/transport-members.ts';

export const SOURCE = 'source';
export const DERIVED = 'derived';
export const GROUP = 'derive';
/** Records in one call of `produce`: so many that the process is usually within a call when it is killed. */
export const BATCH = 670;

const say = (line: string) => writeSync(1, `${line}\n`);

async function appendAndCommit(folder: string): Promise<never> {
  const transport = embeddedTransport(openDatabase(folder));
  await transport.createTopics([SOURCE, DERIVED].map((name) => ({ name, partitions: 1, retentionMs: 1000 })));
  const membership = await transport.join(GROUP, SOURCE, { assigned() {}, async revoked() {} });
  const claim = await membership.claim(0);
  let produced = (await transport.describe([SOURCE]))[0]?.partitions[0]?.end ?? 0;
  for (;;) {
    const from = produced;
    await transport.produce(Array.from({ length: BATCH }, (_, i) => record(SOURCE, 0, { key: String(from + i) })));
    produced += BATCH;
    say(`produced ${produced}`);
    const { records } = await claim.fetch({ maxRecords: 600, waitMs: 0 });
    const offset = (records.at(-1)?.offset ?? 0) + 1;
    await claim.commit({
      records: records.map(({ key, value, headers, timestamp }) => ({
        topic: DERIVED,
        partition: 0,
        key,
        value,
        headers,
        timestamp,
      })),
      offset,
      metadata: `metadata of ${offset}`,
    });
    say(`committed ${offset}`);
  }
}

const folder = process.argv[2];
if (import.meta.main && folder !== undefined) {
  await appendAndCommit(folder).catch((error: unknown) => {
    if (!(error instanceof TributaryError)) throw error;
    say(error.code);
  });
}
