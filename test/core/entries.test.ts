import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Entries } from '../../core/entries.ts';

test('entries of a store count as unchanged, new ones as changed', () => {
  assert.deepEqual(Entries.stored([['a', 1]]).changes(), new Map());
  assert.deepEqual(Entries.of([['a', 1]]).changes(), new Map([['a', 1]]));
  assert.equal(Entries.empty().size, 0);
});

test('writing leaves the previous version unchanged', () => {
  const before = Entries.stored([['a', 1]]);
  const after = before.set('a', 2).set('b', 3).delete('a');
  assert.deepEqual(before.toJSON(), { a: 1 });
  assert.deepEqual(after.toJSON(), { b: 3 });
});

test('a write that changes nothing returns the same version', () => {
  const entries = Entries.of([['a', 1]]);
  assert.equal(entries.set('a', 1), entries);
  assert.equal(entries.delete('b'), entries);
});

test('an entry equal to the stored one is no change, however it was made', () => {
  const stored = Entries.stored([['a', 1]]);
  assert.deepEqual(stored.set('a', 2).set('a', 1).changes(), new Map());
  assert.deepEqual(stored.set('b', 2).delete('b').changes(), new Map());
  assert.deepEqual(stored.delete('a').changes(), new Map([['a', undefined]]));
});

test('entries without changes are already settled', () => {
  const entries = Entries.stored([['a', 1]]);
  assert.equal(entries.settled(), entries);
});

test('all entries are visited, once and as the version has them, whatever is written meanwhile', () => {
  const stored = Entries.stored([
    ['a', 1],
    ['b', 2],
  ]);
  for (const entries of [stored, stored.set('c', 3), stored.set('c', 3).delete('a').set('b', 4), Entries.of(stored)]) {
    const seen: [string, number][] = [];
    let written = entries;
    entries.forEach((value, key) => {
      seen.push([key, value]);
      written = written.set(key, -value).set(`${key}${key}`, value).delete('b');
    });
    assert.deepEqual(seen, [...entries]);
    assert.equal(written.size, 2 * entries.size - 1);
  }
});

test('a version recognises versions derived from it: by writes, on any branch, and by settling', () => {
  const first = Entries.stored([['a', 1]]);
  const second = first.set('b', 2);
  const branch = first.set('c', 3);
  for (const other of [first, second, branch, second.delete('a').settled()]) {
    assert.equal(other.isVersionOf(first), true);
    assert.equal(first.isVersionOf(other), true);
  }
  assert.equal(Entries.stored([['a', 1]]).isVersionOf(first), false, 'equal entries made anew are others');
  assert.equal(Entries.empty().isVersionOf(Entries.empty()), false);
});

test('an entry named like a property of objects is an ordinary entry', () => {
  const entries = Entries.of([['__proto__', 1]]).set('constructor', 2);
  assert.equal(entries.get('__proto__'), 1);
  assert.equal(entries.get('toString'), undefined);
  assert.deepEqual(Object.entries(entries.toJSON()), [
    ['__proto__', 1],
    ['constructor', 2],
  ]);
});

/** A version of the entries, the content that it must have, and what the store must be assumed to hold. */
interface Version {
  readonly entries: Entries<number>;
  readonly contents: ReadonlyMap<string, number>;
  readonly stored: ReadonlyMap<string, number>;
  readonly from: Version | undefined;
}

type Step = readonly [which: number, what: 'set' | 'delete' | 'settle', key: string, value: number];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.nat(),
  fc.constantFrom('set', 'set', 'delete', 'settle'),
  fc.constantFrom('a', 'b', 'c', 'd', '__proto__'),
  fc.integer({ min: 0, max: 2 }),
);

function apply(version: Version, [, what, key, value]: Step): Version {
  const { entries, stored } = version;
  const contents = new Map(version.contents);
  if (what === 'settle') return { entries: entries.settled(), contents, stored: contents, from: version };
  if (what === 'set') contents.set(key, value);
  else contents.delete(key);
  return { entries: what === 'set' ? entries.set(key, value) : entries.delete(key), contents, stored, from: version };
}

function checkVersion({ entries, contents, stored }: Version): void {
  assert.equal(entries.size, contents.size);
  assert.deepEqual(new Map(entries), contents);
  assert.deepEqual(new Map(Object.entries(entries.toJSON())), contents);
  assert.deepEqual(new Set(entries.keys()), new Set(contents.keys()));
  assert.deepEqual([...entries.values()].sort(), [...contents.values()].sort());
  const changes = new Map<string, number | undefined>();
  for (const key of new Set([...contents.keys(), ...stored.keys()])) {
    assert.equal(entries.get(key), contents.get(key));
    assert.equal(entries.has(key), contents.has(key));
    if (contents.get(key) !== stored.get(key)) changes.set(key, contents.get(key));
  }
  assert.deepEqual(entries.changes(), changes);
}

function run(steps: readonly Step[], initial: readonly [string, number][], choose: (versions: number) => number[]) {
  const contents = new Map(initial);
  let live: Version[] = [{ entries: Entries.stored(contents), contents, stored: contents, from: undefined }];
  for (const each of steps) {
    const candidates = choose(live.length);
    const version = live[candidates[each[0] % candidates.length] as number] as Version;
    const next = apply(version, each);
    if (next.entries === version.entries) continue;
    if (each[1] === 'settle') {
      const ended = new Set<Version>();
      for (let old: Version | undefined = version; old !== undefined; old = old.from) ended.add(old);
      live = live.filter((old) => !ended.has(old));
    }
    live.push(next);
    for (const old of live) checkVersion(old);
  }
}

const initial = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 2 })), {
  selector: ([key]) => key,
});

test('each version in turn reads like a map, and so does every version before it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), initial, (steps, stored) => {
      run(steps, stored, (versions) => [versions - 1]);
    }),
    { numRuns: 300 },
  );
});

test('writing to any version of any age reads like a map, on every branch', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), initial, (steps, stored) => {
      run(steps, stored, (versions) => Array.from({ length: versions }, (_, i) => i));
    }),
    { numRuns: 500 },
  );
});

test('a write and its settling copy nothing, however many entries there are', (t) => {
  const many = Array.from({ length: 1000 }, (_, i): [string, number] => [`content-${i}`, i]);
  let entries = Entries.stored(many);
  const copied = t.mock.method(Map.prototype, Symbol.iterator as unknown as 'entries').mock;
  for (let i = 0; i < 100; i++)
    entries = entries
      .set(`content-${i}`, -1)
      .delete(`content-${i + 500}`)
      .settled();
  assert.equal(copied.callCount(), 0);
  const branch = entries.set('content-0', 1);
  entries.set('content-0', 2);
  assert.equal(copied.callCount(), 1, 'a second history is a copy');
  t.mock.restoreAll();
  assert.equal(branch.get('content-0'), 1);
  assert.equal(entries.size, 900);
});
