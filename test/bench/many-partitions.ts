/**
 * `node test/bench/many-partitions.ts [--partitions 1000]`: how long a whole worker takes until it owns very many partitions, on its own
 * Kafka and Cassandra: at the first start, and after a restart. With `--cpu-prof`, Node reports what it did.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCassandra } from '../../servers/cassandra.ts';
import { startKafka } from '../../servers/kafka.ts';
import { enrolEverywhere, live, wiredTo } from '../harness/many-partitions.ts';

const { values } = parseArgs({ options: { partitions: { type: 'string', default: '1000' } } });
const partitions = Number(values.partitions);
const say = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(44)}  ${value}\n`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
// Some servers may have to run as another user.
chmodSync(folder, 0o755);
say('cores seen; load of the machine before', `${availableParallelism()}; ${loadavg()[0]?.toFixed(1)}`);
const servers = await Promise.all([
  startKafka({ folder: join(folder, 'kafka'), throughput: true, heap: '1g' }),
  startCassandra({ folder: join(folder, 'cassandra'), throughput: true, heap: '1g' }),
]);
try {
  const [kafka, cassandra] = servers.map(({ url }) => url) as [string, string];
  const wired = await wiredTo({ kafka, cassandra, folder }, partitions);
  for (const [round, name] of ['the first start', 'the second start', 'the third start'].entries()) {
    await enrolEverywhere(wired, partitions, round);
    const before = process.cpuUsage();
    const { joinedMs, ownedMs, appliedMs, stopMs, reports } = await live(wired, partitions);
    const { user, system } = process.cpuUsage(before);
    say(name, `${partitions} partitions`);
    say('  in the group after', seconds(joinedMs));
    say('  owns all of them after', seconds(ownedMs));
    say('  has applied a record in each after', seconds(appliedMs));
    say('  has stopped within', seconds(stopMs));
    say('  CPU of the worker', seconds((user + system) / 1000));
    say('  what it reported', [...reports].map(([kind, count]) => `${kind}: ${count}`).join(', '));
  }
  await wired.close();
} finally {
  await Promise.all(servers.map((server) => server.kill()));
  rmSync(folder, { recursive: true, force: true });
}
