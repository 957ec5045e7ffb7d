import type { Wired } from '../../app/stores/wiring.ts';
import { deadLetter } from '../../jobs/runtime/dead-letter.ts';
import { LARGEST_RECORD } from '../../topics/log/limits.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { command } from './in-process.ts';

export const TOPIC = 'enrollment.events';
export const DEAD = `${TOPIC}.dead-letter`;
/** The timestamp of the records in the log. */
export const LOGGED = Date.UTC(2026, 0, 5);
export const LIMIT = () => LARGEST_RECORD;
const FILTER = { job: null, code: null, topic: null, since: null, until: null };
export const LIST = { ...FILTER, all: false, json: true };
const RESOLVING = { all: false, ...FILTER, again: false, by: 'grace', why: '', dryRun: false, json: true };
export const REPLAY = { ids: [], ...RESOLVING };

export const event = (value: string | Uint8Array, headers: NewRecord['headers'] = {}): NewRecord => ({
  topic: TOPIC,
  partition: 2,
  key: Buffer.from('u1'),
  value: Buffer.from(value),
  headers: {
    ce_specversion: '1.0',
    ce_id: 'e-1',
    ce_source: '/campus',
    ce_type: 'enrollment.enrolled',
    'content-type': 'application/json',
    ...headers,
  },
  timestamp: LOGGED,
});

/** Appends the record, and a dead letter of it for each of the jobs. Returns the position of the record. */
export async function rejected(
  { stores }: Wired,
  record: NewRecord,
  jobs: readonly string[],
  code: 'DATA_INVALID' | 'VALUE_UNREADABLE' = 'DATA_INVALID',
) {
  const [offset] = await stores.transport.produce([record]);
  const original = { ...record, offset: offset as number };
  for (const job of jobs) {
    const assignment = { job, topic: TOPIC, partition: record.partition };
    await stores.transport.produce([
      deadLetter(
        { record: original, code, message: `why ${job} did not` },
        { assignment, partitions: () => 6, limit: LIMIT, now: 2000 },
      ),
    ]);
  }
  return `${TOPIC}/${record.partition}/${offset}`;
}

export const list = async (wired: Wired, args: object = {}) => {
  const { stdout } = await command(wired, 'dead-letters list', { ...LIST, ...args });
  const listed: ReturnType<typeof JSON.parse>[] = JSON.parse(stdout);
  return listed;
};

export const lastOf = async ({ stores }: Wired, topic: string, partition: number) => {
  const [info] = await stores.transport.describe([topic]);
  const end = info?.partitions[partition]?.end ?? 0;
  const [record] = await stores.transport.read(topic, partition, end - 1, 1);
  return record;
};

/** Appends the record, and a dead letter of it that is truncated to at most `largest` bytes. */
export async function cut({ stores }: Wired, record: NewRecord, largest: number, about: object = {}) {
  const [offset] = await stores.transport.produce([record]);
  const rejected = { record: { ...record, offset: offset as number }, code: 'JOB_FAILED' as const, message: 'no' };
  const assignment = { job: 'track-progress', topic: TOPIC, partition: record.partition };
  await stores.transport.produce([
    deadLetter({ ...rejected, ...about }, { assignment, partitions: () => 6, limit: () => largest, now: Date.now() }),
  ]);
  return `${TOPIC}/${record.partition}/${offset}`;
}
