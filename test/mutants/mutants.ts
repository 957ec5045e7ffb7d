import { DELTA_MUTANTS } from './delta.ts';

/**
 * A fault that somebody could introduce: one text in a file is replaced by another. The tests in `tests` must notice it; without `tests`,
 * the property of the protocol must. When the code changes and `from` no longer occurs in it, update `from` as well.
 */
export interface Mutant {
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly tests?: readonly string[];
}

export const PROPERTY = 'test/protocol/protocol.test.ts';

const rows = (file: string): string => `jobs/runtime/rows/${file}`;
const runtimeTest = (file: string): string => `test/jobs/runtime/${file}`;

export const MUTANTS: readonly Mutant[] = [
  {
    what: 'the marks of a failed attempt are kept',
    file: rows('batch.ts'),
    from: 'rules.dedupeCopy ? dedupe.copy() : dedupe',
    to: 'dedupe',
  },
  {
    what: 'a record that is sent on does not mark its own origin',
    file: rows('plan.ts'),
    from: 'judge(codec.decode(job.from, record, wanted), judging, isOld)',
    to: "judge(codec.decode(job.from, record, wanted), partitionOfText(Buffer.from(record.key ?? '').toString(), topic.partitions) === partition ? judging : { ...judging, dedupe: dedupe?.copy() }, isOld)",
    tests: [runtimeTest('routed-origin.test.ts')],
  },
  {
    what: 'where a record is sent on to, its first origin is not marked',
    file: rows('plan.ts'),
    from: 'if (origin !== undefined) markFirst(record, origin, context);',
    to: '',
  },
  {
    what: 'a record that was sent on is sent on again after a rewind',
    file: rows('plan.ts'),
    from: 'if (isAstray && isOld) {',
    to: 'if (isAstray && isOld && key === undefined) {',
  },
  {
    what: 'a stale row is taken for written',
    file: rows('row-writes.ts'),
    from: "if (result === 'stale') {",
    to: "if (result === 'stale' && row.key.length === 0) {",
    tests: [runtimeTest('stale-row.test.ts')],
  },
  {
    what: 'a row forgets what it applied in its old partition',
    file: rows('position.ts'),
    from: 'return [...at.filter((each) => each[0] !== partition), [partition, offset]];',
    to: 'return [[partition, offset]];',
    tests: [runtimeTest('position.test.ts')],
  },
  {
    what: 'what is said leaves row by row, not in the order of the log',
    file: rows('outbox.ts'),
    from: 'entries.sort((a, b) => a.entry.offset - b.entry.offset || (',
    to: 'entries.sort((a, b) => (',
  },
  {
    what: 'what the batch itself has to say counts as left',
    file: rows('batch.ts'),
    from: 'hasLeft: leftBefore(context, first),',
    to: 'hasLeft: leftBefore(context, last + 1),',
  },
  {
    what: 'an expansion gives no marks to the new partitions',
    file: 'topics/log/progress.ts',
    from: 'for (const each of all) if (each !== undefined) dedupe.merge(each.dedupe);',
    to: '',
  },
  {
    what: 'the furthest offset moves back with a rewind',
    file: rows('claiming.ts'),
    from: 'const largest = Math.max(furthest, offset);',
    to: 'const largest = offset;',
  },
  {
    what: 'the first new record is taken for one that was judged',
    file: rows('fold.ts'),
    from: 'item.record.offset < furthest',
    to: 'item.record.offset <= furthest',
  },
  {
    what: 'a record that changes nothing leaves no position',
    file: rows('fold.ts'),
    from: '      row.at = advanced(row.at, partition, item.record.offset);\n      outcome',
    to: "      if (answer === 'applied') row.at = advanced(row.at, partition, item.record.offset);\n      outcome",
  },
  {
    what: 'a row that does not exist yet is not taken possession of',
    file: rows('row-writes.ts'),
    from: 'if (!isYoung || row.stored?.token === token) return false;',
    to: 'if (!isYoung || row.stored === undefined || row.stored.token === token) return false;',
  },
  {
    what: 'a removal takes away what the row shows again',
    file: rows('views/write.ts'),
    from: 'if (byKey.has(id)) continue;',
    to: '',
    tests: [runtimeTest('rows.test.ts')],
  },
  {
    what: 'who met a row of a larger token claims as if it had not',
    file: rows('handler.ts'),
    from: 'if (error instanceof Outranked) ',
    to: 'if (error instanceof Outranked && error.token < 0) ',
    tests: [runtimeTest('expansion.test.ts')],
  },
  {
    what: 'a call that was surely not made is not made later',
    file: rows('send.ts'),
    from: 'fresh.has(entry) || uncalled.delete(callId(entry)) ||',
    to: 'fresh.has(entry) || (uncalled.delete(callId(entry)) && false) ||',
    tests: [runtimeTest('calls.test.ts')],
  },
  ...DELTA_MUTANTS,
];
