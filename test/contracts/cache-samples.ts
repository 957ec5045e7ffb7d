/** The caches and changes for the contract suites of the cache port. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { defineCache } from '../../core/target.ts';
import type { Cache } from '../../sinks/cache/port.ts';
import type { Change, Key, Version } from '../../sinks/port.ts';

export interface OpenCache {
  readonly cache: Cache;
  /** Closes the cache, and opens it again over the same store. */
  reopen(): Promise<Cache>;
}

const text = <const N extends string>(name: N) => ({ name, type: 'string', doc: 'Any text.' }) as const;
const count = { name: 'count', type: 'int', doc: 'Any number.' } as const;

/** A live cache: an entry has many fields. */
export const courses = defineCache({
  name: 'contract_courses',
  doc: 'The courses of each learner.',
  key: ['user'],
  sort: ['course'],
  live: true,
  record: { type: 'record', name: 'Course', fields: [text('user'), text('course'), count] },
});

/** A cache that is not live: an entry has one field. */
export const counters = defineCache({
  name: 'contract_counters',
  doc: 'One number of each learner.',
  key: ['user'],
  record: { type: 'record', name: 'Counter', fields: [text('user'), count] },
});

/** A cache with two names for an entry and two for a field. */
export const visits = defineCache({
  name: 'contract_visits',
  doc: 'Visits of each learner in each course.',
  key: ['user', 'course'],
  sort: ['unit', 'content'],
  record: {
    type: 'record',
    name: 'Visit',
    fields: [text('user'), text('course'), text('unit'), text('content'), count],
  },
});

export const first: Version = { token: 1, revision: 1 };
export const inCourse = (key: Key, version: Version, number: number | undefined): Change => {
  const [, user, course] = key;
  return { key, version, record: number === undefined ? undefined : { user, course, count: number } };
};

/** Opens a cache, with its own tenant. */
export type Open = (t: TestContext) => Promise<{ cache: Cache; tenant: string; open: OpenCache }>;

export function opening(make: (t: TestContext) => Promise<OpenCache>): Open {
  return async (t) => {
    const open = await make(t);
    return { cache: open.cache, tenant: `tenant-${randomUUID()}`, open };
  };
}
