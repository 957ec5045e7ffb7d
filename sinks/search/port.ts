/**
 * The search port: documents found by words, by exact values and by ranges of values.
 *
 * All implementations keep these rules, which `test/contracts/search.ts` checks:
 *
 * - An older version never replaces a newer one, and an older write does not undo a removal.
 * - After `apply` has settled, its changes are found by every later `search`.
 * - Words match whole words, whatever their case, accents and width; several words must all occur. A last word with `*`
 *   matches beginnings. In scripts that do not separate words, such as Chinese, Japanese, Korean and Thai, they are found inside
 *   longer text. Anything else in a query is text, never syntax: no query is an error.
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
  /** Ranges of other fields, but for booleans; all must hold. Nothing is in no range; of an array, one item must be within. */
  readonly ranges?: Readonly<Record<string, Range>>;
  /** Instead of the best matches, or the order of the key. */
  readonly sort?: Sort | undefined;
}

/** What a value is compared with: more than, at least, less than, at most. */
export interface Range {
  readonly gt?: string | number;
  readonly gte?: string | number;
  readonly lt?: string | number;
  readonly lte?: string | number;
}

/** By a field that has one text or number. Documents without a value come last, and those with equal ones in the order of the key. */
export interface Sort {
  readonly field: string;
  readonly descending?: boolean;
}

export interface Renewed {
  /** The index before, which stays until somebody deletes it; undefined where nothing stays. */
  readonly before: string | undefined;
  readonly now: string;
}

export interface Search {
  /** Creates the indexes that are missing, and fields that were added. Drops nothing. */
  prepare(indexes: readonly IndexDef[]): Promise<void>;
  /** The requests by which `prepare` would do so now; none if nothing is missing. Changes nothing. */
  missing(indexes: readonly IndexDef[]): Promise<string[]>;
  /**
   * Begins an index anew, as it is declared now and without documents, whatever it was before: to be filled by rebuilding the
   * views. What is written afterwards is in the new one.
   */
  renew(index: IndexDef): Promise<Renewed>;
  /** Writes a view. One call has at most one change for each key. */
  apply(index: IndexDef, changes: readonly Change[]): Promise<WriteResult[]>;
  /** Best matches first; without words, in the order of the key; or as `sort` says. */
  search(
    index: IndexDef,
    request: SearchRequest,
  ): Promise<Page<Readonly<Record<string, unknown>>> & { readonly total: number }>;
  /** Deletes for good what was removed long ago. Answers how many documents that were. */
  sweep(indexes: readonly IndexDef[]): Promise<number>;
  close(): Promise<void>;
}
