/** What `tributary doctor` checks about a Redis: the server that is the master, or any node of a cluster. */

import { clockFinding, type Finding, looked, ok, problem, versionFinding, warning } from '../../../core/finding.ts';
import { defineCache } from '../../../core/target.ts';
import { type RedisCacheOptions, redisCache } from './cache.ts';
import { connect } from './client.ts';
import { errorOf, failureOf } from './failure.ts';
import { locationOf } from './location.ts';

const PATIENCE_MS = 8000;
const MUCH = 0.9;

/** A separate entry, for trying everything that a view needs. */
const PROBE = defineCache({
  name: 'tributary_doctor',
  doc: 'What tributary doctor writes, reads and removes.',
  key: ['probe'],
  live: true,
  record: { type: 'record', name: 'Probe', fields: [{ name: 'probe', type: 'string', doc: 'Any text.' }] },
});

/** Throws if the server does not answer, or refuses access. */
export async function diagnoseRedis(options: RedisCacheOptions): Promise<Finding[]> {
  const location = locationOf(options.url);
  const { username, password, sentinelUsername, sentinelPassword, tls = {} } = options;
  const client = connect({
    location,
    username,
    password,
    sentinelUsername,
    sentinelPassword,
    tls,
    silenceMs: PATIENCE_MS,
  });
  const redis = client.forSubscriber();
  let broken: unknown;
  redis.on('error', (error) => {
    broken ??= error;
  });
  try {
    await redis.connect();
    await redis.ping();
    const asked = Date.now();
    const [seconds, microseconds] = await redis.time();
    const answered = Date.now();
    const info = infoOf(await redis.info());
    const writes = await looked('cache: rights', () => tried(options));
    const time = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
    return [...infoFindings(info, location.kind), clockFinding('cache: clock', time, asked, answered), ...writes];
  } catch (error) {
    // The reason why the connection broke is more useful than the fact that it is closed.
    const failure = (await client.mixUp(broken ?? error)) ?? failureOf(broken ?? error) ?? failureOf(error);
    throw failure === undefined ? error : errorOf(failure, 'connecting', client.link.where);
  } finally {
    redis.disconnect();
    client.close();
  }
}

/** The removal stays for a day, like all removals. */
async function tried(options: RedisCacheOptions): Promise<Finding[]> {
  const cache = redisCache({ ...options, patienceMs: PATIENCE_MS });
  try {
    const key = ['doctor', 'probe'];
    const revision = Date.now();
    const received = Promise.withResolvers<void>();
    const leave = await cache.subscribe(PROBE, key, () => received.resolve());
    await cache.apply(PROBE, [{ key, version: { token: 1, revision }, record: { probe: 'probe' } }]);
    await cache.read(PROBE, key);
    await cache.apply(PROBE, [{ key, version: { token: 1, revision: revision + 1 }, record: undefined }]);
    await leave();
    return [ok('cache: rights', 'to write, read, remove, publish and subscribe')];
  } finally {
    await cache.close();
  }
}

export type Info = Readonly<Record<string, string>>;

/** The lines of INFO, each `name:value`. */
export function infoOf(text: string): Info {
  const lines = text.split(/\r?\n/).map((line) => /^([^#:]+):(.*)$/.exec(line));
  return Object.fromEntries(lines.flatMap((line) => (line === null ? [] : [[line[1], line[2]]])));
}

export function infoFindings(info: Info, kind: 'single' | 'sentinel' | 'cluster'): Finding[] {
  const valkey = info['valkey_version'];
  const [product, version = '0', oldest] =
    valkey === undefined ? ['Redis', info['redis_version'], '7.0'] : ['Valkey', valkey, '7.2'];
  const [policy = '', limit, used] = [info['maxmemory_policy'], Number(info['maxmemory']), Number(info['used_memory'])];
  const findings = [versionFinding('cache', product, version, oldest)];
  if (info['role'] === 'slave' && kind === 'single') {
    findings.push(problem('cache', 'it is a replica, which takes no writes', 'name its master, or its Sentinels'));
  }
  if (policy !== 'noeviction') {
    const todo = 'set maxmemory-policy noeviction: with any other, a full Redis forgets entries and removals by itself';
    findings.push(
      limit > 0
        ? problem('cache: memory', `maxmemory-policy is ${policy}`, todo)
        : warning('cache: memory', `maxmemory-policy is ${policy}, and there is no limit yet`, todo),
    );
  } else if (limit > 0 && used > limit * MUCH) {
    const message = `${Math.round((100 * used) / limit)} % of maxmemory are used`;
    findings.push(
      warning('cache: memory', message, 'raise maxmemory: a full Redis takes no writes, and jobs wait for it'),
    );
  } else findings.push(ok('cache: memory', 'it forgets nothing by itself (maxmemory-policy is noeviction)'));
  findings.push(...persistence(info));
  return findings;
}

function persistence(info: Info): Finding[] {
  const check = 'cache: persistence';
  if (info['aof_enabled'] !== '1') {
    const todo =
      'set appendonly yes; or, after a restart, write what is lost again: `tributary rebuild-views --only cache`';
    return [warning(check, 'appendonly is no: a restart loses what was written since the last snapshot', todo)];
  }
  const failed = ['aof_last_write_status', 'aof_last_bgrewrite_status'].filter((name) => info[name] === 'err');
  if (failed.length === 0) return [ok(check, 'appendonly is yes')];
  return [problem(check, `it could not write to its disk (${failed.join(', ')})`, 'check the disk of the server')];
}
