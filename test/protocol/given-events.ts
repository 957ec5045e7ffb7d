/** The platform's events in topic one: random values, with some events between them that no job folds. */

import { recordsOf } from '../../testing/produce.ts';
import type { Random } from '../../testing/random.ts';
import type { Codec } from '../../topics/codec/codec.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { given, one, unwanted } from './jobs.ts';

export const START = Date.UTC(2026, 0, 5);
const KEYS = 6;

/** The n-th event, sometimes followed by events that no job folds. `astray`: they may be in a wrong partition. */
export function givenRecords(
  codec: Codec,
  random: Random,
  n: number,
  partitions: number,
  astray: boolean,
): NewRecord[] {
  const key = `key-${random.below(KEYS)}`;
  const common = { topic: one, time: START + n, id: `event-${n}` };
  const records = recordsOf(codec, { ...common, def: given, data: { key, value: random.below(100) } }, partitions);
  for (let gaps = random.pick([0, 0, 3]); gaps > 0; gaps--)
    records.push(...recordsOf(codec, { ...common, def: unwanted, data: { key } }, partitions));
  const partition = random.below(partitions);
  return astray && random.chance(0.15) ? records.map((record) => ({ ...record, partition })) : records;
}
