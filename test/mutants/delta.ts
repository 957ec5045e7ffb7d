/** Faults in Delta tables and in the code below them. */
import type { Mutant } from './mutants.ts';

const property = ['test/sinks/delta-property.test.ts'];
const contract = ['test/sinks/delta.test.ts'];
const plans = ['test/sinks/delta-plans.test.ts'];
const segments = ['test/sinks/segments.test.ts'];

export const DELTA_MUTANTS: readonly Mutant[] = [
  {
    what: 'delta: a commit whose answer was lost is taken for another’s',
    file: 'sinks/delta/table.ts',
    from: 'if (there !== undefined) return isOf(there, id);',
    to: 'if (there !== undefined) return false;',
    tests: contract,
  },
  {
    what: 'delta: a conflict whose winner cannot be read is thrown as it is',
    file: 'sinks/delta/table.ts',
    from: 'const there = await log.read(version);',
    to: 'const there = await log.read(version).catch(() => { throw error; });',
    tests: property,
  },
  {
    what: 'delta: a commit behind a clean-up is taken for done',
    file: 'sinks/delta/table.ts',
    from: 'if (now() - seenAt <= TRUSTED_FOR || (await log.has(snapshot.version))) return true;',
    to: 'return true;',
    tests: contract,
  },
  {
    what: 'delta: a reader that was overtaken by a clean-up does not see it',
    file: 'sinks/delta/table.ts',
    from: 'if (known !== undefined && now() - seenAt > TRUSTED_FOR && !(await log.has(known.version))) found = undefined;',
    to: '',
    tests: property,
  },
  {
    what: 'delta: the time before the reads counts',
    file: 'sinks/delta/table.ts',
    from: 'known !== undefined && now() - seenAt > TRUSTED_FOR',
    to: 'known !== undefined && asked - seenAt > TRUSTED_FOR',
    tests: contract,
  },
  {
    what: 'delta: nothing is committed for what an old snapshot says',
    file: 'sinks/delta/table.ts',
    from: 'if (snapshot !== known) proposal = await propose(snapshot);',
    to: '',
    tests: contract,
  },
  {
    what: 'delta: an old pointer is believed though the log was cleaned beyond it',
    file: 'sinks/delta/log.ts',
    from: 'if (end !== undefined && (await has(base.version))) return end;',
    to: 'if (end !== undefined) return end;',
    tests: property,
  },
  {
    what: 'delta: a hole in the log is taken for its end',
    file: 'sinks/delta/log.ts',
    from: '? { commits, more: true } : undefined;',
    to: '? { commits, more: true } : { commits, more: false };',
    tests: contract,
  },
  {
    what: 'delta: a listing that was overtaken by a clean-up is taken for a damaged log',
    file: 'sinks/delta/log.ts',
    from: 'if (now.map(({ name }) => name).join() === found.map(({ name }) => name).join()) break;',
    to: 'break;',
    tests: property,
  },
  {
    what: 'delta: a log is cleaned behind a checkpoint that cannot be read',
    file: 'sinks/delta/table.ts',
    from: 'if ((await log.readCheckpoint(at)) === undefined) continue;',
    to: '',
    tests: property,
  },
  {
    what: 'delta: the youngest commits are removed first',
    file: 'sinks/delta/table.ts',
    from: 'for (const { name } of plan) await objects.remove(name);',
    to: 'for (const { name } of plan.toReversed()) await objects.remove(name);',
    tests: property,
  },
  {
    what: 'delta: the commit of the checkpoint is cleaned as well',
    file: 'sinks/delta/cleaning.ts',
    from: 'version < from && modifiedAt < before',
    to: 'version <= from && modifiedAt < before',
    tests: plans,
  },
  {
    what: 'delta: what was removed lately is vacuumed by its age',
    file: 'sinks/delta/cleaning.ts',
    from: 'return removed === undefined ? modifiedAt < times.leftBefore : removed < times.removedBefore;',
    to: 'return modifiedAt < times.leftBefore;',
    tests: plans,
  },
  {
    what: 'delta: a checkpoint forgets the txns',
    file: 'sinks/delta/checkpoint.ts',
    from: 'for (const txn of txns.values()) yield { txn };',
    to: '',
    tests: property,
  },
  {
    what: 'delta: a snapshot changes when others follow',
    file: 'sinks/delta/snapshot.ts',
    from: 'const own = ownDays.get(day) ?? new Map(days.now().get(day));',
    to: 'const own = (days.now().get(day) as Map<string, Add>) ?? new Map();',
    tests: plans,
  },
  {
    what: 'delta: a largest string is cut and not raised',
    file: 'sinks/segments/statistics.ts',
    from: 'return point === 0xd7ff ? 0xe000 : point + 1;',
    to: 'return point;',
    tests: segments,
  },
  {
    what: 'delta: a column of the segments is left out',
    file: 'sinks/segments/source.ts',
    from: 'UNION ALL BY NAME SELECT * FROM',
    to: 'UNION ALL BY NAME SELECT * EXCLUDE (tenant) FROM',
    tests: contract,
  },
];
