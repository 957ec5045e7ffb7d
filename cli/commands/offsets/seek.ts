/**
 * `tributary offsets seek`: moves the group of a job to other offsets. Shows what it would do and the consequences; with `--apply`, does
 * it. See `jobs/runtime/offsets/moves.ts` for the two ways.
 */
import { text } from 'node:stream/consumers';
import { jobNamed } from '../../../app/platform/names.ts';
import { TributaryError } from '../../../core/errors.ts';
import { callAnswered } from '../../../core/event.ts';
import type { Job } from '../../../jobs/define.ts';
import { applyMoves, type Move, planMoves, type Target } from '../../../jobs/runtime/offsets/moves.ts';
import { jobsBefore, orderAdvice } from '../../../jobs/runtime/offsets/order.ts';
import { SILENT } from '../../../jobs/runtime/telemetry.ts';
import type { PartitionInfo, Transport } from '../../../topics/log/transport.ts';
import { type Context, print, printJson, printTable, type Run } from '../../context.ts';
import { usage } from '../../errors.ts';

/** The target. `saved` is the output of `offsets show --json`, read from the standard input. */
export type To =
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly time: number }
  | { readonly kind: 'begin' | 'end' | 'saved' };

interface Args {
  readonly job: string;
  /** Null: all partitions. */
  readonly partition: number | null;
  readonly to: To;
  readonly restored: boolean;
  readonly apply: boolean;
  readonly json: boolean;
}

export const run: Run<Args> = async (context, { job: name, partition, to, restored, apply, json }) => {
  const { wired } = context;
  const job = jobNamed(name, wired.platform.jobs);
  const runtime = wired.runtime(SILENT);
  const moves = await planMoves(job, runtime, await targetsOf(context, job, partition, to), restored);
  if (apply) await applyMoves(job, runtime, moves);
  const order = orderAdvice([job], wired.platform.jobs);
  if (json) {
    const shown = moves.map(({ progress: _progress, ...move }) => ({ ...move, from: move.from ?? null }));
    const before = jobsBefore(job, wired.platform.jobs).map(({ name }) => name);
    await printJson(context, { applied: apply, restored, job: job.name, topic: job.from.name, before, moves: shown });
    return undefined;
  }
  const rows = moves.map((move) => [
    move.partition,
    move.from ?? '-',
    move.to,
    move.begin,
    `${move.lines}, ${move.dedupe}`,
  ]);
  await printTable(context, ['partition', 'from', 'to', 'log begins at', 'dedupe'], rows);
  await print(context, '');
  for (const line of consequences(job, moves, restored)) await print(context, line);
  if (restored && order !== undefined)
    await print(context, `If several jobs lost rows, their order matters: ${order}.`);
  await print(context, apply ? `moved ${job.name}` : 'Nothing was moved: do it with --apply.');
  return undefined;
};

async function targetsOf(context: Context, job: Job, partition: number | null, to: To): Promise<Target[]> {
  const { transport } = context.wired.stores;
  const topic = job.from.name;
  const [info] = await transport.describe([topic]);
  if (info === undefined) {
    throw new TributaryError('TOPIC_MISSING', `there is no topic ${topic}; run \`tributary doctor\``);
  }
  if (to.kind === 'saved') return savedTargets(await text(context.stdin), job, partition);
  const chosen = info.partitions.filter((one) => partition === null || one.partition === partition);
  if (chosen.length === 0) {
    throw usage(`${topic} has no partition ${partition}; give one from 0 to ${info.partitions.length - 1}`);
  }
  return Promise.all(
    chosen.map(async (one) => ({ partition: one.partition, offset: await offsetOf(transport, topic, one, to) })),
  );
}

async function offsetOf(transport: Transport, topic: string, info: PartitionInfo, to: To): Promise<number> {
  switch (to.kind) {
    case 'offset':
      return to.offset;
    case 'time':
      return transport.offsetAt(topic, info.partition, to.time);
    case 'end':
      return info.end;
    default:
      return info.begin;
  }
}

/** A partition that had no committed offset when the output was saved is read from its beginning again. */
function savedTargets(text: string, job: Job, partition: number | null): Target[] {
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    throw usage('the saved offsets are not JSON; give the output of `tributary offsets show --json`');
  }
  const ofJob = Array.isArray(saved)
    ? saved.find((each) => each?.job === job.name && each?.topic === job.from.name)
    : undefined;
  const partitions: unknown = ofJob?.partitions;
  if (!Array.isArray(partitions))
    throw usage(`no offsets were saved for ${job.name}; give the output of \`tributary offsets show --json\``);
  const targets = partitions.map((each): Target => {
    const { partition, committed, begin, progress } = each ?? {};
    const offset = committed ?? begin;
    if (!Number.isSafeInteger(partition) || !Number.isSafeInteger(offset) || typeof progress !== 'string') {
      throw usage(`the saved offsets of ${job.name} are damaged; give the output of \`tributary offsets show --json\``);
    }
    return { partition, offset, saved: each.foreign === true || committed === null ? undefined : progress };
  });
  return targets.filter((target) => partition === null || target.partition === partition);
}

function* consequences(job: Job, moves: readonly Move[], restored: boolean): Iterable<string> {
  const sum = (count: (move: Move) => number) => moves.reduce((total, move) => total + Math.max(0, count(move)), 0);
  const again = sum(({ from, to }) => (from ?? to) - to);
  const unread = sum(({ from, begin, to }) => to - (from ?? begin));
  if (again > 0) yield `${offsets(again)} read again.`;
  if (unread > 0) yield `${offsets(unread)} never read: their records are not applied.`;
  if (restored) {
    yield `The rows of ${job.name} must be as new as these offsets, or newer; stop the job before you restore them. Each later record that its row does not know is applied, and its events are emitted again; readers that have seen them skip them.`;
  } else if (again > 0) {
    yield 'Rows skip records that they have applied, and readers skip events that they have seen. The views of rows that events of the platform lead to are written again, and nothing else changes. If the rows were restored or lost, use --restored.';
  }
  if (restored && job.on.includes(callAnswered)) {
    yield 'Messages that rows no longer know are sent again; if they must not be, move the job --to-end.';
  }
  const fromLog = moves.filter(({ dedupe }) => dedupe === 'from the log');
  if (fromLog.length > 0) {
    const isWhole = fromLog.every(({ begin }) => begin === 0);
    yield isWhole
      ? 'The dedupe positions are rebuilt from the log, which is complete from offset 0 on.'
      : 'The dedupe positions are rebuilt from the log, as far back as it reaches. If an upstream job repeats earlier events and has emitted nothing since, they are applied again.';
  }
  yield 'Owners are fenced and claim again.';
}

const offsets = (count: number): string => (count === 1 ? '1 offset is' : `${count} offsets are`);
