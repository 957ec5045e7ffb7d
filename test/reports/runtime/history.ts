/** A random history of visits, and its expected totals. Some visits are derived and may be repeated; some records are unreadable. */

import { recordsOf } from '../../../testing/produce.ts';
import type { Random } from '../../../testing/random.ts';
import type { Codec } from '../../../topics/codec/codec.ts';
import { FIRST_ORIGIN } from '../../../topics/log/origin.ts';
import { partitionOfText } from '../../../topics/log/partition.ts';
import type { NewRecord } from '../../../topics/log/transport.ts';
import { START, visitEvents, visited } from '../visits.ts';

export interface History {
  readonly records: readonly NewRecord[];
  /** Points by page, with each event counted once. */
  readonly points: ReadonlyMap<string, number>;
  readonly visits: number;
}

const PAGES = ['home', 'course', 'forum'];
const USERS = ['ada', 'ben', 'cleo', 'dan', 'eve'];

export function randomHistory(random: Random, codec: Codec, partitions: number, events: number): History {
  const records: NewRecord[] = [];
  const points = new Map<string, number>();
  const lines = new Map<string, { readonly sent: NewRecord[]; offset: number }>();
  let visits = 0;
  for (let i = 0; i < events; i++) {
    const [page, userId, amount] = [random.pick(PAGES), random.pick(USERS), 1 + random.below(1000)];
    const data = { userId, page, points: amount };
    const time = START + random.below(3) * 900_000;
    const given = { topic: visitEvents, def: visited, data, id: `v-${i}`, time, loggedAt: START + i };
    const [record] = recordsOf(codec, given, partitions) as [NewRecord];
    if (random.chance(0.08)) {
      records.push({
        ...record,
        value: new TextEncoder().encode('{'),
        headers: { ...record.headers, 'content-type': 'application/json' },
      });
      continue;
    }
    visits += 1;
    points.set(page, (points.get(page) ?? 0) + amount);
    if (random.chance(0.6)) {
      records.push(record);
      continue;
    }
    // One upstream partition emits to all partitions of this topic, in the order of its offsets.
    const name = `visit/page.events/${random.below(2)}`;
    const line = lines.get(name) ?? { sent: [], offset: 0 };
    lines.set(name, line);
    line.offset += 1 + random.below(2);
    const derived = { ...record, headers: { ...record.headers, ce_origin: `${name}/${line.offset}/0` } };
    line.sent.push(derived);
    records.push(derived);
    // The upstream job is rewound, and emits its latest events again.
    if (random.chance(0.2)) records.push(...line.sent.slice(random.below(line.sent.length)));
    // A job routes a record in the wrong partition to the right one, for itself alone.
    if (random.chance(0.1)) {
      const headers = {
        ...record.headers,
        [FIRST_ORIGIN]: `${name}/${line.offset}/0`,
        'tributary-only-for': 'another-job',
      };
      records.push({ ...record, partition: partitionOfText(userId, partitions), headers });
    }
  }
  return { records, points, visits };
}
