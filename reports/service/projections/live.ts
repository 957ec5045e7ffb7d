/** The records of one entry of a live cache as server-sent events: first the existing records, then each change. */
import type { CacheDef } from '../../../core/target.ts';
import type { Key } from '../../../sinks/port.ts';
import type { Service } from '../route.ts';
import type { View } from './personal.ts';

type Found = Readonly<Record<string, unknown>>;

interface Followed {
  readonly cache: CacheDef;
  /** The tenant, then the fields of the cache's key. */
  readonly entry: Key;
  /** What the caller may see of a record. */
  readonly shown: View;
}

/**
 * A subscription may miss changes while the cache does not answer. So the entry is read again at this interval, which also keeps proxies
 * from closing an idle connection.
 */
const READ_AGAIN_MS = 15_000;

/** Ends when the signal is aborted. If changes arrive faster than the caller reads, only the latest of each record is sent. */
export async function* liveRecords(
  { cache, entry, shown }: Followed,
  { projections, clock }: Pick<Service, 'projections' | 'clock'>,
  until: AbortSignal,
): AsyncGenerator<string> {
  /** By the sort fields of a record: what to send. Undefined for a removal. */
  const pending = new Map<string, Found | undefined>();
  const sent = new Map<string, string>();
  let wake = new AbortController();
  const nameOf = (record: Found): string => JSON.stringify(cache.sort.map((field) => record[field]));
  const unsubscribe = await projections.cache.subscribe(cache, entry, ({ key, record }) => {
    pending.set(JSON.stringify(key.slice(entry.length)), record);
    wake.abort();
  });
  try {
    while (!until.aborted) {
      const found = await projections.cache.read(cache, entry);
      const known = new Set(found.map(nameOf));
      // A change published during the read is at least as new as the record that was read.
      for (const record of found) if (!pending.has(nameOf(record))) pending.set(nameOf(record), record);
      for (const name of sent.keys()) if (!known.has(name) && !pending.has(name)) pending.set(name, undefined);
      yield* changes();
      yield 'event: current\ndata: {}\n\n';
      const again = clock.now() + READ_AGAIN_MS;
      for (let left = READ_AGAIN_MS; left > 0 && !until.aborted; left = again - clock.now()) {
        if (pending.size === 0) await clock.sleep(left, AbortSignal.any([wake.signal, until]));
        wake = new AbortController();
        yield* changes();
      }
    }
  } finally {
    await unsubscribe();
  }

  async function* changes(): AsyncGenerator<string> {
    const due = [...pending];
    pending.clear();
    for (const [name, record] of due) {
      const data = JSON.stringify(record === undefined ? keyOf(name) : (await shown([record]))[0]);
      if (record === undefined ? !sent.delete(name) : sent.get(name) === data) continue;
      if (record !== undefined) sent.set(name, data);
      yield `event: ${record === undefined ? 'removed' : 'record'}\ndata: ${data}\n\n`;
    }
  }

  /** The key fields of a removed record. */
  function keyOf(name: string): Found {
    const values = [...entry.slice(1), ...(JSON.parse(name) as string[])];
    return Object.fromEntries([...cache.key, ...cache.sort].map((field, i) => [field, values[i]]));
  }
}
