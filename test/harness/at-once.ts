/** Several processes that replay the same dead letters at the same moment, each with its own transport. */
import assert from 'node:assert/strict';
import type { Wired } from '../../app/stores/wiring.ts';
import { ONLY_FOR } from '../../topics/codec/codec.ts';
import { allRecords } from '../../topics/log/all-records.ts';
import type { Transport } from '../../topics/log/transport.ts';
import { event, REPLAY, rejected, TOPIC } from '../cli/dead-letters.ts';
import { command } from '../cli/in-process.ts';

export const withTransport = (wired: Wired, transport: Transport): Wired => ({
  ...wired,
  stores: { ...wired.stores, transport },
});

export async function rejectedEvents(wired: Wired, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++)
    ids.push(await rejected(wired, event('{}', { ce_id: `rejected-${i}` }), ['track-progress']));
  return ids;
}

/** The ids of the events that were replayed to the job, in log order. */
export async function sentAgain({ stores }: Wired): Promise<string[]> {
  const records = await Array.fromAsync(allRecords(stores.transport, TOPIC));
  return records
    .filter(({ headers }) => headers[ONLY_FOR] !== undefined)
    .map(({ headers }) => String(headers['ce_id']));
}

/** What each process reports as replayed and as left. */
export async function replayedBy(processes: readonly Wired[]) {
  const answers = await Promise.all(
    processes.map((one, i) => command(one, 'dead-letters replay', { ...REPLAY, all: true, by: `operator ${i}` })),
  );
  return answers.map(({ stdout, stderr }) => {
    assert.notEqual(stdout, '', stderr);
    return JSON.parse(stdout) as { replayed: { id: string }[]; left: { id: string; why: string }[] };
  });
}
