/** The index and the documents for the contract suites of the search port. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { defineIndex, type IndexDef } from '../../core/target.ts';
import type { Change, Version } from '../../sinks/port.ts';
import type { Search, SearchRequest } from '../../sinks/search/port.ts';

export interface OpenSearch {
  readonly search: Search;
  /** Closes the search, and opens it again over the same store. */
  reopen(): Promise<Search>;
}

const text = <const N extends string>(name: N) => ({ name, type: 'string', doc: 'Any text.' }) as const;
const state = { type: 'enum', name: 'CourseState', symbols: ['draft', 'live', 'retired'] } as const;

export const fields = [
  text('org'),
  text('course'),
  text('title'),
  { name: 'tags', type: { type: 'array', items: 'string' }, doc: 'More words.' },
  { name: 'note', type: ['null', 'string'], doc: 'More words, or none.' },
  { name: 'state', type: state, doc: 'Matched exactly.' },
  { name: 'owner', type: ['null', 'string'], doc: 'Matched exactly.' },
  { name: 'batches', type: { type: 'array', items: 'string' }, doc: 'Matched exactly, any of them.' },
  { name: 'learners', type: 'long', doc: 'Matched exactly.' },
  { name: 'rating', type: 'double', doc: 'Matched exactly.' },
  { name: 'open', type: 'boolean', doc: 'Matched exactly.' },
  { name: 'sizes', type: { type: 'map', values: 'int' }, doc: 'In the document alone.' },
] as const;

export const courses = defineIndex({
  name: 'contract_courses',
  doc: 'Courses to search in.',
  key: ['org'],
  sort: ['course'],
  text: ['title', 'tags', 'note'],
  record: { type: 'record', name: 'Course', fields },
});

export const blank = {
  title: '',
  tags: [] as string[],
  note: null as string | null,
  state: 'live',
  owner: null as string | null,
  batches: [] as string[],
  learners: 0,
  rating: 0,
  open: true,
  sizes: {},
};
export const first: Version = { token: 1, revision: 1 };

/** A course of a tenant. Its id is the second field of the key, and identifies it in the tests. */
export function put(tenant: string, course: string, what: Partial<typeof blank>, version: Version = first): Change {
  return { key: [tenant, 'org', course], version, record: { org: 'org', course, ...blank, ...what } };
}

export function remove(tenant: string, course: string, version: Version): Change {
  return { key: [tenant, 'org', course], version, record: undefined };
}

export type Wanted = Partial<SearchRequest> & { readonly tenant: string };

/** The names of the matching courses, in order, 100 at most. */
export async function found(search: Search, wanted: Wanted, index: IndexDef = courses): Promise<unknown[]> {
  const { items, next, total } = await search.search(index, { words: '', limit: 100, ...wanted });
  assert.equal(next, undefined);
  assert.equal(total, items.length);
  return items.map((item) => item['course']);
}

/** A search that is open and prepared, with its own tenant. */
interface Opened {
  readonly search: Search;
  readonly tenant: string;
  readonly open: OpenSearch;
}
export type Open = (t: TestContext) => Promise<Opened>;

export function opening(make: (t: TestContext) => Promise<OpenSearch>): Open {
  return async (t) => {
    const open = await make(t);
    await open.search.prepare([courses]);
    return { search: open.search, tenant: `tenant-${randomUUID()}`, open };
  };
}
