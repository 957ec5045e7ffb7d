/** The rules for versioned records that all stores share, for the contract suites of the cache and search ports. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Version, WriteResult } from '../../sinks/port.ts';

/** Texts that break values joined without care. Each is used as a key, and none is empty. */
export const HOSTILE: readonly string[] = [
  '__proto__',
  'constructor',
  "it's",
  '"quoted"',
  "'; DROP TABLE x; --",
  'two\nlines\r\n\ttab',
  'a:b/c\\d,e|f{g}[h]*?#%&=+',
  '%s $1 ? `x`',
  '\u0000nul\u0000',
  '\u0001\u0002',
  ' ',
  ' spaces ',
  '..',
  'ñandú',
  'e\u0301',
  'é',
  'हिन्दी',
  '\u{1F393}\u200D\u{1F469}',
  '\uFFFF',
  'null',
  'undefined',
  '0',
  'x'.repeat(10_000),
];

/** The order in which stores sort texts: by code points, which is also that of their UTF-8 bytes. */
export function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** One record of a store. */
interface OneRecord {
  write(version: Version, number: number | undefined): Promise<WriteResult | undefined>;
  read(): Promise<number | undefined>;
}

/** Writes to one record: token.revision=number, or a removal if there is no number. */
const CASES: Readonly<Record<string, string>> = {
  'an older revision does not replace a newer one': '1.2=20 1.1=10',
  'an equal version is accepted': '1.1=10 1.1=11',
  'a newer token wins with a lower revision': '1.9=90 2.1=10',
  'an older token does not win with a higher revision': '2.1=10 1.9=90',
  'a removal refuses an older write': '1.2 1.1=10',
  'a removal of an existing record refuses an older write': '1.1=10 1.3 1.2=20',
  'a removal refuses an older token': '2.1 1.9=90',
  'a removal does not refuse a newer write': '1.1 1.2=20',
  'a removal does not refuse a newer token': '1.9 2.1=10',
  'an older removal does not remove a newer record': '1.2=20 1.1',
  'a write and a removal of the same version replace each other': '1.1=10 1.1 1.1=11',
};

/** Declares the tests of versions that every store has to pass. `make` returns a record that was never written. */
export function versioned(store: string, make: (t: TestContext) => Promise<OneRecord>): void {
  for (const [name, writes] of Object.entries(CASES)) {
    test(name, async (t) => {
      const record = await make(t);
      let [newest, expected]: [Version, number | undefined] = [{ token: 0, revision: 0 }, undefined];
      for (const write of writes.split(' ')) {
        const [token = 0, revision = 0, number] = write.split(/[.=]/).map(Number);
        const isOlder = token < newest.token || (token === newest.token && revision < newest.revision);
        const result = await record.write({ token, revision }, number);
        assert.equal(result, isOlder ? 'stale' : 'written', `the ${store} answers`);
        if (!isOlder) [newest, expected] = [{ token, revision }, number];
        assert.equal(await record.read(), expected, `the ${store} holds`);
      }
    });
  }
}
