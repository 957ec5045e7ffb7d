/** Rows that reject given events, and replays of the rejected events. */
import assert from 'node:assert/strict';
import { isOpen, readTopic } from '../../../app/dead-letters/letters.ts';
import { replayOf } from '../../../app/dead-letters/replay.ts';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import { reject } from '../../../jobs/define.ts';
import { added, addUp, changed, moved, partIndex, things } from './add-up.ts';
import type { Bench, Given } from './bench.ts';

export const add = (partId: string, amount = 10, thingId = 't'): Given => [
  added,
  { thingId, partId, amount, colour: 'red' },
];
export const move = (fromPart: string, toPart: string): Given => [moved, { thingId: 't', fromPart, toPart }];

/** A job that rejects every event for the parts in `broken`. A test may change the set at any time. */
export function breakable(broken: ReadonlySet<string>) {
  const fold = Object.fromEntries(
    Object.entries(addUp.fold).map(([type, folded]): [string, typeof folded] => [
      type,
      (row, event, found) => {
        const partId = String(row?.['partId'] ?? event.data['partId']);
        return broken.has(partId) ? reject('FACT_IMPOSSIBLE', `${partId} is broken`) : folded(row, event, found);
      },
    ]),
  );
  return changed({ fold });
}

/** Does what `dead-letters replay --all` does. Returns the ids. */
export async function replayAll(b: Bench): Promise<string[]> {
  const { transport } = b.stores;
  const deadLetters = (await readTopic(transport, things, new AbortController().signal)).filter(isOpen);
  for (const deadLetter of deadLetters) {
    const replay = await replayOf(transport, deadLetter, { by: '', why: '' });
    assert.ok('records' in replay, 'why' in replay ? replay.why : '');
    await transport.produce(replay.records);
  }
  return deadLetters.map(({ id }) => id);
}

export async function found(b: Bench): Promise<string[]> {
  const page = await b.stores.search.search(partIndex, { tenant: DEFAULT_TENANT, words: '', limit: 1000 });
  return page.items.map((item) => `${item['partId']}=${item['sum']}`).sort();
}
