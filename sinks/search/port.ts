/**
 * The search port: finds documents by words, exact values and ranges of values.
 *
 * Every implementation guarantees the following, which `test/contracts/search.ts` checks:
 *
 * - An older version never replaces a newer one, and an older write does not undo a removal.
 * - Once `apply` has settled, every later `search` finds its changes.
 * - Words match whole words, regardless of case, accents and width; if there are several, all must occur. A last word
 *   with `*` matches beginnings. In scripts that do not separate words, such as Chinese, Japanese, Korean and Thai,
 *   words are found inside longer text. Everything else in a query is text, never syntax: no query is an error.
 * - A search sees one tenant.
 * - Texts are compared by their code points, numbers by value. A text of more than 10,922 characters may count as absent.
 */
import type { IndexDef } from '../../core/target.ts';
import type { Change, Page, PageRequest, WriteResult } from '../port.ts';

export interface SearchRequest extends PageRequest {
  readonly tenant: string;
  /** Words to find in the text fields; empty finds everything. */
  readonly words: string;
  /** Exact values of other fields; all must match. */
  readonly filter?: Readonly<Record<string, string | number | boolean>>;
  /** Ranges of other fields, except booleans; all must hold. A missing value is in no range; of an array, one item must be in it. */
  readonly ranges?: Readonly<Record<string, Range>>;
  /** Replaces the order by best match, or by key. */
  readonly sort?: Sort | undefined;
}

/** The bounds of a value: more than, at least, less than, at most. */
export interface Range {
  readonly gt?: string | number;
  readonly gte?: string | number;
  readonly lt?: string | number;
  readonly lte?: string | number;
}

/** By a field with one text or number. Documents without a value come last, and those with equal values in the order of the key. */
export interface Sort {
  readonly field: string;
  readonly descending?: boolean;
}

export interface Renewed {
  /** The previous index, which stays until somebody deletes it; undefined if none stays. */
  readonly before: string | undefined;
  readonly now: string;
}

export interface Search {
  /** Creates missing indexes, and adds new fields. Drops nothing. */
  prepare(indexes: readonly IndexDef[]): Promise<void>;
  /** The requests that `prepare` would send now; none if nothing is missing. Changes nothing. */
  missing(indexes: readonly IndexDef[]): Promise<string[]>;
  /**
   * Replaces the index by an empty one with the current declaration, whatever it was before. The caller fills it by
   * rebuilding the views. Later writes go to the new index.
   */
  renew(index: IndexDef): Promise<Renewed>;
  /** Writes a view. One call has at most one change for each key. */
  apply(index: IndexDef, changes: readonly Change[]): Promise<WriteResult[]>;
  /** The best matches first; without words, in the order of the key; or in the order of `sort`. */
  search(
    index: IndexDef,
    request: SearchRequest,
  ): Promise<Page<Readonly<Record<string, unknown>>> & { readonly total: number }>;
  /** Deletes for good the documents that were removed long ago. Returns how many. */
  sweep(indexes: readonly IndexDef[]): Promise<number>;
  close(): Promise<void>;
}
