/** Counts the different keys among records that are added one by one. */
import type { LogRecord } from './transport.ts';

export class KeyCount {
  readonly #keys = new Set<string>();
  #withoutKey = 0;

  /** Each record without a key counts as another key. */
  add({ key }: LogRecord): void {
    if (key === null) this.#withoutKey += 1;
    else this.#keys.add(Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1'));
  }

  get size(): number {
    return this.#keys.size + this.#withoutKey;
  }
}

/** The first records, up to `maxKeys` different keys. */
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
