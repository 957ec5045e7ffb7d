/** When a growing row is measured, and when it is too large. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entries } from '../../core/entries.ts';
import { Growth } from '../../sinks/tables/growth.ts';

const LARGEST = 12 * 1024 ** 2;

/** A row with one map field. */
class Row {
  readonly growth = new Growth(LARGEST);
  measured = 0;
  entries = Entries.empty<string>();
  #next = 0;

  get size(): number {
    return [...this.entries].reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  }

  /** Sets an entry, by default a new one. Returns false if the row would be too large. */
  grows(bytes: number, key = `entry-${this.#next++}`): boolean {
    const value = this.entries.set(key, 'x'.repeat(bytes));
    const map = {
      value,
      added: () => key.length + bytes,
      measure: () => {
        this.measured += 1;
        return [...value].reduce((sum, [each, text]) => sum + each.length + text.length, 0);
      },
    };
    if (this.growth.refusal([map], key.length + bytes, () => 0, false) !== undefined) return false;
    this.entries = value.settled();
    return true;
  }

  /** As if the row had been dropped and read again. */
  forgotten(): void {
    this.entries = Entries.stored(this.entries);
  }
}

test('a row of few and large entries never outgrows its next owner, however often it is dropped from the cache', () => {
  const row = new Row();
  while (row.grows(60_000)) row.forgotten();
  assert.ok(row.entries.size < 240 && row.size > 0.85 * LARGEST, `${row.size} bytes`);
  for (;;) {
    row.forgotten();
    if (!row.grows(4000)) break;
  }
  assert.ok(row.size <= LARGEST, `${row.size} bytes`);
});

test('a row of many small entries is measured when it is read, and near its limit', () => {
  const row = new Row();
  for (let n = 0; n < 5000; n++) assert.ok(row.grows(100));
  assert.equal(row.measured, 1);
  row.forgotten();
  for (let n = 0; n < 5000; n++) assert.ok(row.grows(100, `entry-${n}`));
  assert.equal(row.measured, 2);
});

test('a map that became small and grew again is measured again', () => {
  const row = new Row();
  for (let n = 0; n < 100; n++) assert.ok(row.grows(50_000));
  for (const key of [...row.entries.keys()].slice(3)) row.entries = row.entries.delete(key);
  row.entries = row.entries.settled();
  while (row.grows(50_000));
  assert.ok(row.size <= LARGEST && row.size > 0.85 * LARGEST, `${row.size} bytes`);
});
