/** The checks of `doctor` that look into the stores, in the process that has them open. */

import { kindOf, messageOf } from '../../core/errors.ts';
import { timerFired } from '../../core/event.ts';
import { type Finding, ok, problem, warning } from '../../core/finding.ts';
import { keyFields } from '../../core/target.ts';
import type { Job } from '../../jobs/define.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { generationsOf } from '../../jobs/runtime/rows/generations/state.ts';
import { indexesOf, storedTablesOf, targetsOf, wantedTopics } from '../../modules/derived.ts';
import type { Port } from '../config/keys.ts';
import { EVERY, isOpen, readDeadLetters } from '../dead-letters/letters.ts';
import { type LogLag, logLagsOf } from '../groups/job-lags.ts';
import { pausesOf, pauseText } from '../groups/pauses.ts';
import { groupsOf } from '../platform/works.ts';
import type { Wired } from '../stores/wiring.ts';
import { isoOf } from '../text/time-text.ts';
import { offsets, positions, rowPositions, tokens } from './positions.ts';
import { senders } from './senders.ts';

/** The stores and settings that the checks look into. */
export interface Inspected {
  readonly wired: Wired;
  readonly signal: AbortSignal;
}

interface Look {
  readonly check: string;
  /** The ports that the check uses. */
  readonly needs: readonly Port[];
  /** Adds the ports that other checks cannot use to `unusable`. */
  readonly find: (inspected: Inspected, tenant: string, unusable: Set<Port>) => Promise<Finding[]>;
}

/** Reading a missing key shows whether a table can be read. Listing one tenant's rows may go through all rows. */
const NO_KEY = '-';
const PROGRESS_MS = 1500;
const CLOCK_SLACK_MS = 60_000;
const TIMER_SLACK_MS = 60_000;

/**
 * `away`: ports that are known not to answer, and that the checks do not wait for. Tables are read as those of the tenant. Throws only when
 * the signal is aborted.
 */
export async function inspect(
  inspected: Inspected,
  { tenant, away }: { readonly tenant: string; readonly away: readonly Port[] },
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const unusable = new Set(away);
  for (const { check, needs, find } of LOOKS) {
    inspected.signal.throwIfAborted();
    if (needs.some((port) => unusable.has(port))) continue;
    try {
      findings.push(...(await find(inspected, tenant, unusable)));
    } catch (error) {
      inspected.signal.throwIfAborted();
      findings.push(problem(check, messageOf(error), 'do what the message says'));
      if (kindOf(error) === 'retry') for (const port of needs) unusable.add(port);
    }
  }
  return findings;
}

const LOOKS: readonly Look[] = [
  {
    check: 'database',
    needs: [],
    find: async ({ wired }) => (wired.embedded === undefined ? [] : [undamaged(wired.embedded.damage())]),
  },
  { check: 'topics', needs: ['transport'], find: topicsAsDeclared },
  { check: 'tables', needs: ['tables'], find: tablesAsDeclared },
  { check: 'generations', needs: ['tables'], find: unfinishedSwaps },
  { check: 'pauses', needs: ['tables'], find: pausedJobs },
  { check: 'indexes', needs: ['search'], find: indexesAsDeclared },
  {
    check: 'cache',
    needs: ['cache'],
    async find({ wired }, tenant) {
      const caches = targetsOf(wired.platform.jobs).filter((target) => target.kind === 'cache');
      for (const cache of caches) await wired.stores.cache.read(cache, [tenant, ...cache.key]);
      return [ok('cache', `all ${caches.length} caches can be read`)];
    },
  },
  { check: 'clock and log', needs: ['transport'], find: async (inspected) => [await clockAgainstLog(inspected)] },
  { check: 'senders', needs: ['transport', 'registry'], find: senders },
  { check: 'progress', needs: ['transport'], find: progress },
  { check: 'positions', needs: ['transport'], find: positions },
  { check: 'offsets', needs: ['transport'], find: offsets },
  { check: 'rows', needs: ['transport', 'tables'], find: rowPositions },
  { check: 'tokens', needs: ['transport', 'tables'], find: tokens },
  { check: 'dead letters', needs: ['transport'], find: async (inspected) => [await deadLetters(inspected)] },
  { check: 'timers', needs: ['transport', 'tables'], find: async (inspected) => [await timers(inspected)] },
];

function undamaged(damage: readonly string[]): Finding {
  if (damage.length === 0) return ok('database', 'SQLite finds no damage');
  const todo =
    'stop, copy the folder elsewhere, and restore a backup; find out whether the disk or the memory is at fault';
  return problem('database', `SQLite finds damage: ${damage.join('; ')}`, todo);
}

async function topicsAsDeclared({ wired }: Inspected, _tenant: string, unusable: Set<Port>): Promise<Finding[]> {
  const wanted = wantedTopics(wired.platform, groupsOf(wired));
  const found = await wired.topics.verify(wanted);
  const missing = found.filter(({ kind }) => kind === 'missing').map(({ topic }) => topic);
  if (missing.length > 0) unusable.add('transport');
  const findings = found
    .filter(({ kind }) => kind !== 'missing')
    .map(({ message, action }) =>
      action === 'expand'
        ? warning('topics', message, 'expand it with `tributary topics apply`, or declare the number it has')
        : warning('topics', message, 'change it, or adapt the declaration: until then the topic is used as it is'),
    );
  if (missing.length > 0)
    findings.unshift(toMake('topics', `${missing.join(', ')} ${missing.length === 1 ? 'does' : 'do'} not exist`));
  return findings.length > 0 ? findings : [ok('topics', `all ${wanted.length} are as they are declared`)];
}

function toMake(check: 'topics' | 'tables' | 'indexes', message: string): Finding {
  return warning(
    check,
    message,
    `make what is missing: \`tributary ${check} apply\`; \`tributary up\` and \`run\` do it, too`,
  );
}

async function tablesAsDeclared({ wired }: Inspected, tenant: string, unusable: Set<Port>): Promise<Finding[]> {
  const declared = storedTablesOf(wired.platform.jobs);
  const { tables } = wired.stores;
  try {
    const missing = await tables.missing(declared);
    if (missing.length === 0) {
      for (const table of declared) await tables.read(table, [[tenant, ...keyFields(table).map(() => NO_KEY)]]);
      return [ok('tables', `all ${declared.length} are as they are declared, and can be read`)];
    }
    unusable.add('tables');
    return [toMake('tables', changes(missing.length))];
  } catch (error) {
    unusable.add('tables');
    throw error;
  }
}

/** A job whose swap did not finish stays held until the swap is continued. */
async function unfinishedSwaps({ wired }: Inspected): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name } of wired.platform.jobs) {
    const { swap } = await generationsOf(wired.stores.tables, name);
    if (swap === undefined) continue;
    const what = swap.stage === 'held' ? `${name} is held until` : `the views of ${name} are not written while`;
    const flag = swap.to > swap.from ? '--swap' : '--back';
    findings.push(
      problem(
        'generations',
        `${what} generation ${swap.to} of its rows becomes the current one`,
        `wait, or go on with \`tributary rebuild ${name} ${flag} --yes\` if no process is doing it`,
      ),
    );
  }
  return findings;
}

async function pausedJobs({ wired }: Inspected): Promise<Finding[]> {
  const names = groupsOf(wired).map(({ name }) => name);
  const findings = [...(await pausesOf(wired.stores.tables, names))].map(([name, pause]) =>
    warning('pauses', `${name} ${pauseText(pause)}`, `once the reason is gone: \`tributary resume ${name}\``),
  );
  return findings.length > 0 ? findings : [ok('pauses', 'no job is paused')];
}

async function indexesAsDeclared({ wired }: Inspected, tenant: string): Promise<Finding[]> {
  const declared = indexesOf(wired.platform.jobs);
  const { search } = wired.stores;
  const missing = await search.missing(declared);
  if (missing.length > 0) return [toMake('indexes', changes(missing.length))];
  for (const index of declared) await search.search(index, { tenant, words: '', limit: 1 });
  return [ok('indexes', `all ${declared.length} are as they are declared, and can be searched`)];
}

const changes = (count: number): string => (count === 1 ? '1 change is missing' : `${count} changes are missing`);

/** A record with a timestamp in the future shows that a clock was, or is, wrong. */
async function clockAgainstLog({ wired }: Inspected): Promise<Finding> {
  const { transport } = wired.stores;
  const now = Date.now();
  for (const { name, partitions } of await transport.describe()) {
    for (const { partition, begin, end } of partitions) {
      const [newest] = end > begin ? await transport.read(name, partition, end - 1, 1) : [];
      if (newest === undefined || newest.timestamp <= now + CLOCK_SLACK_MS) continue;
      const what = `${name}/${partition} has a record of ${isoOf(newest.timestamp)}, and it is ${isoOf(now)}`;
      return warning(
        'clock and log',
        what,
        'find out which clock is wrong: that of this machine or that of the producer',
      );
    }
  }
  return ok('clock and log', 'no record is from the future');
}

/** Paused jobs have a finding already. The tables are asked for them only if they answer. */
async function progress(
  { wired, signal }: Inspected,
  _tenant: string,
  unusable: ReadonlySet<Port>,
): Promise<Finding[]> {
  const names = wired.platform.jobs.map(({ name }) => name);
  const before = await logLagsOf(wired, names);
  if (before.every(({ lag }) => lag === 0)) return [ok('progress', 'no job is behind')];
  await systemClock.sleep(PROGRESS_MS, signal);
  const after = await logLagsOf(wired, names);
  const pauses = unusable.has('tables') ? new Map() : await pausesOf(wired.stores.tables, names);
  const findings = after.flatMap((now, i) => {
    const stuck = stuckIn(before[i] as LogLag, now);
    if (stuck.length === 0 || pauses.has(now.job)) return [];
    const what = `${now.job} is ${now.lag} records behind and did not move in partitions ${stuck.join(', ')} of ${now.topic}`;
    return [
      warning('progress', what, `see whether \`tributary up\` or \`tributary run ${now.job}\` runs, and what it logs`),
    ];
  });
  return findings.length > 0 ? findings : [ok('progress', 'jobs that are behind make progress')];
}

function stuckIn(before: LogLag, after: LogLag): number[] {
  return after.partitions
    .filter(
      ({ lag, committed }, i) =>
        lag > 0 && (before.partitions[i]?.lag ?? 0) > 0 && committed === before.partitions[i]?.committed,
    )
    .map(({ partition }) => partition);
}

async function deadLetters({ wired, signal }: Inspected): Promise<Finding> {
  const rejections = await readDeadLetters(wired, EVERY, signal);
  const codes = new Map<string, number>();
  for (const { code } of rejections.filter(isOpen)) codes.set(code, (codes.get(code) ?? 0) + 1);
  if (codes.size === 0) return ok('dead letters', 'none');
  const counts = [...codes].map(([code, count]) => `${code} ${count}`).join(', ');
  return warning(
    'dead letters',
    counts,
    'look with `tributary dead-letters list`; once the cause is gone: `tributary dead-letters replay`, `edit` or `discard`',
  );
}

async function timers({ wired }: Inspected): Promise<Finding> {
  const { tables, transport } = wired.stores;
  const asks = (job: Job): boolean => job.on.some(({ type }) => type === timerFired.type);
  for (const { name, row, from } of wired.platform.jobs.filter(asks)) {
    const [info] = await transport.describe([from.name]);
    for (const { partition } of info?.partitions ?? []) {
      const [due] = await tables.due(row, [partition], Date.now() - TIMER_SLACK_MS, 1);
      if (due === undefined) continue;
      const what = `${due.name} of ${due.key.join('/')} of ${name} was due at ${isoOf(due.due)}`;
      return warning(
        'timers',
        what,
        `see whether \`tributary up\` or \`tributary run ${name}\` runs, and what it logs`,
      );
    }
  }
  return ok('timers', 'none is overdue');
}
