/** The records that a batch sends: outbox entries, answers of the channels that it calls, records for other partitions, dead letters. */
import { callAnswered } from '../../../core/event.ts';
import type { NewRecord } from '../../../topics/log/transport.ts';
import { deadLetter } from '../dead-letter.ts';
import type { BatchContext } from './batch.ts';
import { answerCall, callId } from './calls.ts';
import type { Folded } from './fold.ts';
import type { OutboxEntry } from './outbox.ts';
import type { Plan } from './plan.ts';
import { derived, originOf, routed, type Sending, toRow } from './records.ts';

/** The state at this moment. */
export const sendingOf = ({ runtime, assignment, topicId, partitions, limits }: BatchContext): Sending => {
  return { assignment, topicId, partitions, limit: limits.of, now: runtime.clock.now() };
};

/**
 * The records that a batch sends, in order. Channels are called here. `start` is the index of the first entry within its offset. It is not
 * 0 if an earlier page of the same record had entries.
 */
export async function sendsOf(
  context: BatchContext,
  { routed: astray, rejected }: Plan,
  { entries, fresh }: Pick<Folded, 'fresh'> & { readonly entries: readonly OutboxEntry[] },
  start: number,
): Promise<NewRecord[]> {
  const { runtime, rules, assignment, topicId, uncalled, trace } = context;
  const answers = new Map<OutboxEntry, Awaited<ReturnType<typeof answerCall>>>();
  await Promise.all(
    entries.map(async (entry) => {
      if (entry.kind !== 'call') return;
      const isFirst = fresh.has(entry) || uncalled.delete(callId(entry)) || !rules.freshCall;
      const call = () => answerCall(runtime.stores.channels, entry, isFirst, runtime.clock.now());
      answers.set(entry, await trace.call(entry.offset, entry.channel, call));
    }),
  );
  const sending = sendingOf(context);
  const sends: NewRecord[] = [];
  let { offset } = entries[0] ?? { offset: -1 };
  let index = start - 1;
  for (const entry of entries) {
    const pause = runtime.clock.yieldToLoop();
    if (pause !== undefined) await pause;
    index = entry.offset === offset ? index + 1 : 0;
    offset = entry.offset;
    if (entry.kind === 'event') sends.push(...derived(entry, index, { ...sending, trace: trace.headersOf(offset) }));
    if (entry.kind === 'call') {
      const [tenant, ...row] = entry.row as [string, ...string[]];
      const answered = {
        def: callAnswered,
        data: { job: assignment.job, row, attempt: entry.attempt, ...answers.get(entry) },
        tenant,
        recordKey: row[0] as string,
        id: `${originOf(entry, index, assignment, topicId)}/answer`,
        // The time of the answer, not of the request, because retries count from it.
        time: Math.max(entry.time, sending.now),
      };
      sends.push(toRow(runtime.stores.codec, answered, { ...sending, trace: trace.headersOf(offset) }));
    }
  }
  for (const { record, key } of astray) sends.push(routed(record, key, sending));
  for (const record of rejected) sends.push(deadLetter(record, sending));
  return sends;
}
