/** Helpers of the transport's contract suite: records, and members that record their notifications and can be waited for. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { ErrorCode } from '../../core/errors.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Claim, LogRecord, Membership, NewRecord, Transport } from '../../topics/log/transport.ts';

export const DAY = 24 * 60 * 60 * 1000;

export type TransportCases = (
  title: string,
  body: (transport: Transport, topic: string, group: string) => Promise<void>,
) => void;

/** Each case has its own group, and its own topic with four partitions and a retention of one day. */
export function transportCases(name: string, make: (t: TestContext) => Promise<Transport>): TransportCases {
  return (title, body) => {
    test(`${name}: ${title}`, async (t) => {
      const transport = await make(t);
      const topic = `orders-${randomUUID()}`;
      await transport.createTopics([{ name: topic, partitions: 4, retentionMs: DAY }]);
      await body(transport, topic, `count-${randomUUID()}`);
    });
  };
}

export function record(topic: string, partition: number, about: { key?: string; timestamp?: number } = {}): NewRecord {
  return {
    topic,
    partition,
    key: Buffer.from(about.key ?? 'key'),
    value: Buffer.from('value'),
    headers: { ce_type: 'order.placed' },
    timestamp: about.timestamp ?? Date.UTC(2024, 0, 1),
  };
}

export function keysOf(records: readonly LogRecord[]): string[] {
  return records.map(({ key }) => Buffer.from(key ?? []).toString());
}

/** The error code of a call; undefined if it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof TributaryError) return error.code;
    throw error;
  }
}

/** The next `count` records, from as many batches as needed. */
export async function take(claim: Claim, count: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  while (records.length < count) {
    const batch = await claim.fetch({ maxRecords: count - records.length, waitMs: 60_000 });
    assert.ok(batch.records.length > 0, `${records.length} of ${count} records came`);
    records.push(...batch.records);
  }
  return records;
}

export interface Member {
  readonly membership: Membership;
  /** The partitions assigned to it. A partition counts until `revoked` has settled. */
  readonly held: ReadonlySet<number>;
  /** Makes `revoked` wait until the returned function is called. */
  holdRevocations(): () => void;
  /** Resolves to the partitions of the next call of `revoked` that it has not returned before. */
  revoking(): Promise<readonly number[]>;
  /** Resolves at the next notification. */
  notified(): Promise<void>;
}

/** A new member. By default waits until the member has every partition of the topic. */
export async function joined(
  transport: Transport,
  group: string,
  topic: string,
  { wait = true }: { wait?: boolean } = {},
): Promise<Member> {
  const held = new Set<number>();
  const revocations = queue<readonly number[]>();
  let notification = Promise.withResolvers<void>();
  let hold: Promise<void> = Promise.resolve();
  let calls = 0;
  const notify = () => {
    notification.resolve();
    notification = Promise.withResolvers();
  };
  const membership = await transport.join(group, topic, {
    assigned(partitions) {
      assert.equal(calls, 0, 'one call of the listener at a time');
      for (const partition of partitions) held.add(partition);
      notify();
    },
    async revoked(partitions) {
      assert.equal(calls, 0, 'one call of the listener at a time');
      calls += 1;
      revocations.put(partitions);
      await hold;
      for (const partition of partitions) held.delete(partition);
      calls -= 1;
      notify();
    },
  });
  const member: Member = {
    membership,
    held,
    holdRevocations() {
      const { promise, resolve } = Promise.withResolvers<void>();
      hold = promise;
      revocations.clear();
      return resolve;
    },
    revoking: revocations.take,
    notified: () => notification.promise,
  };
  if (wait) {
    const [info] = await transport.describe([topic]);
    await spread([member], info?.partitions.length ?? 0);
  }
  return member;
}

/** The claim of a new member, which is alone in its group. */
export async function claimOf(transport: Transport, group: string, topic: string, partition: number): Promise<Claim> {
  const { membership } = await joined(transport, group, topic);
  return membership.claim(partition);
}

/** Resolves when the partitions are spread evenly over the members. Fails if a partition has two members. */
export async function spread(members: readonly Member[], partitions: number): Promise<void> {
  for (;;) {
    const counts = members.map(({ held }) => held.size);
    const all = members.flatMap(({ held }) => [...held]);
    assert.equal(new Set(all).size, all.length, 'no partition has two members');
    if (all.length === partitions && Math.max(...counts) - Math.min(...counts) <= 1) break;
    await Promise.race(members.map((member) => member.notified()));
  }
  for (const { membership, held } of members) {
    assert.deepEqual([...membership.partitions].sort(), [...held].sort());
  }
}

function queue<T>(): { put(item: T): void; take(): Promise<T>; clear(): void } {
  let items: T[] = [];
  let arrived = Promise.withResolvers<void>();
  return {
    put(item) {
      items.push(item);
      arrived.resolve();
      arrived = Promise.withResolvers();
    },
    async take() {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) return item;
        await arrived.promise;
      }
    },
    clear() {
      items = [];
    },
  };
}
