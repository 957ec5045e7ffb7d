/** How many different keys there are among records that are taken one after the other. */
import type { LogRecord } from './transport.ts';

export class KeyCount {
  readonly #keys = new Set<string>();
  #withoutKey = 0;

  /** A record without a key is counted as one of a key of its own. */
  add({ key }: LogRecord): void {
    if (key === null) this.#withoutKey += 1;
    else this.#keys.add(Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1'));
  }

  get size(): number {
    return this.#keys.size + this.#withoutKey;
  }
}

/** The first of the records, with at most `maxKeys` different keys. */
export function ofKeys(records: LogRecord[], maxKeys: number): LogRecord[] {
  if (records.length <= maxKeys) return records;
  const count = new KeyCount();
  let taken = 0;
  for (const record of records) {
    if (count.size >= maxKeys) break;
    count.add(record);
    taken += 1;
  }
  return records.slice(0, taken);
}
