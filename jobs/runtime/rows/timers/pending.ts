/** The pending timers of a row as its events set, fire and drop them, and the traces that they continue when they fire. */
import { callAnswered, type Event, timerFired } from '../../../../core/event.ts';
import { isTime } from '../../../../topics/codec/time.ts';
import type { Headers } from '../../../../topics/log/transport.ts';
import { traceText } from '../../../../topics/tracing/carried.ts';
import type { Output } from '../../../define.ts';
import type { LiveRow } from '../rows.ts';

/** The timers without the one that fired; undefined if the event is not a timer. */
export function firedTimer(
  row: Pick<LiveRow, 'data' | 'timers'>,
  event: Event,
): Readonly<Record<string, number>> | 'not pending' | undefined {
  if (event.type !== timerFired.type)
    return event.type === callAnswered.type && row.data === undefined ? 'not pending' : undefined;
  const { name, due } = event.data as { name: string; due: number };
  if (!Object.hasOwn(row.timers, name) || row.timers[name] !== due) return 'not pending';
  const { [name]: _fired, ...others } = row.timers;
  return others;
}

export function withWakes(
  timers: Readonly<Record<string, number>>,
  outputs: readonly Output[],
): Readonly<Record<string, number>> {
  let result = timers;
  for (const output of outputs) {
    if (output.kind !== 'wake') continue;
    if (output.due !== null && !isTime(output.due)) {
      throw new Error(`the timer ${output.name} cannot be due at ${output.due}: it must be a whole number of ms`);
    }
    const { [output.name]: _before, ...others } = result;
    result = output.due === null ? others : { ...others, [output.name]: output.due };
  }
  return result;
}

/** The traces of the timers `after` an event. Timers that the event set get its trace, if it has one. Undefined if there are none. */
export function tracesOf(
  { timers, traces }: Pick<LiveRow, 'timers' | 'traces'>,
  after: LiveRow['timers'],
  trace: Headers | undefined,
): LiveRow['traces'] {
  if (after === timers || (traces === undefined && trace === undefined)) return traces;
  const own = traceText(trace);
  const found = Object.entries(after).flatMap(([name, due]) => {
    const its = timers[name] === due ? traces?.[name] : own;
    return its === undefined ? [] : [[name, its]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
