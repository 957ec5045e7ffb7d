/**
 * The requests to Elasticsearch for one search index, and the parsing of their answers.
 *
 * A document is written at the version of its row, with `external_gte`: an existing newer document is kept. A removal
 * writes a document that contains only the time of the removal, because Elasticsearch forgets the version of a deleted
 * document after a minute. A tenant's documents are spread over all shards: tenants differ too much in size to route
 * each of them to one shard.
 */
import { type IndexDef, keyFields } from '../../../core/target.ts';
import type { Change, Page } from '../../port.ts';
import { askedFilter, askedRanges, usage } from '../asked.ts';
import type { SearchRequest } from '../port.ts';
import { queryWords, wordsOf } from '../words.ts';
import { type Digest, documentId, versionNumber } from './identity.ts';
import { aliasOf, type Filterable, filterables, LONGEST_VALUE, OWN } from './mapping.ts';
import { orderOf } from './order.ts';
import { positionOf, tokenOf } from './page-token.ts';

export interface Request {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** A body with one line of JSON after the other, each with its line break. */
  readonly lines?: string;
}

type Document = Readonly<Record<string, unknown>>;
type Found = Page<Document> & { readonly total: number };

interface PageQuery {
  readonly request: Request;
  /** Parses the body of the answer. */
  found(answer: unknown): Found;
}

export interface IndexRequests {
  readonly alias: string;
  /** Two lines of a bulk request. `now` is the time of a removal, in ISO 8601. */
  write(change: Change, now: string): string | { readonly refused: string };
  bulk(lines: readonly string[], waitMs: number): Request;
  /** Makes everything that was written visible to searches. */
  readonly refresh: Request;
  page(request: SearchRequest): PageQuery;
}

/** Elasticsearch lists no matches beyond this number (`index.max_result_window`). */
const MOST_MATCHES = 10_000;
/** Each page requests one more match, which shows whether there is another page. */
const LONGEST_PAGE = MOST_MATCHES - 1;

export function indexRequests(index: IndexDef, prefix: string, digest: Digest): IndexRequests {
  const alias = aliasOf(index, prefix);
  const path = `/${encodeURIComponent(alias)}`;
  const fields = filterables(index);
  const key = keyFields(index);
  const keyOrder = key.map((name) => ({ [name]: 'asc' }));

  return {
    alias,

    write({ key, version, record }, now) {
      if (key.some((value) => value.length > LONGEST_VALUE)) {
        return {
          refused: `the key is too long for the search index ${index.name}: ${LONGEST_VALUE} characters are the most`,
        };
      }
      const name = JSON.stringify(documentId(key, digest));
      const action = `{"index":{"_id":${name},"version":${versionNumber(version)},"version_type":"external_gte"}}`;
      const own =
        record === undefined
          ? { removed: now }
          : { tenant: key[0], words: wordsOf(index.text.map((field) => record[field])) };
      return `${action}\n${JSON.stringify({ ...record, [OWN]: own })}\n`;
    },

    bulk: (lines, waitMs) => ({
      method: 'POST',
      path: `${path}/_bulk`,
      query: {
        // Otherwise a missing index would be created, with guessed types.
        require_alias: true,
        timeout: `${waitMs}ms`,
        filter_path: 'items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason',
      },
      lines: lines.join(''),
    }),

    refresh: { method: 'POST', path: `${path}/_refresh` },

    page(request) {
      const { tenant, words, filter = {}, ranges = {}, sort, limit, after } = request;
      if (!Number.isSafeInteger(limit) || limit < 1 || limit > LONGEST_PAGE) {
        throw usage(
          `a page of ${limit} documents cannot be read; ask for a whole number from 1 to ${LONGEST_PAGE}, and for the next page`,
        );
      }
      const conditions = Object.entries(filter).map(([name, value]) => conditionOf(index, fields, name, value));
      const within = askedRanges(index, fields, ranges).map(({ name, field, bounds }) => rangeOf(name, field, bounds));
      const clauses = [exactly(`${OWN}.tenant`, tenant), ...conditions, ...within];
      const matches = matchesOf(words);
      const common = { size: limit + 1, track_total_hits: true };
      // Otherwise a partial answer would look like a complete one.
      const query = { allow_partial_search_results: false };
      const send = { method: 'POST', path: `${path}/_search` } as const;

      if (matches === undefined || sort !== undefined) {
        const order = orderOf(index, fields, key, sort);
        const last = after === undefined ? undefined : positionOf(after, order.isPosition);
        return {
          request: {
            ...send,
            query,
            body: {
              ...common,
              query: { bool: { filter: [...clauses, ...(matches ?? [])] } },
              sort: order.sort,
              ...(last === undefined ? {} : { search_after: order.after(last) }),
            },
          },
          found: (answer) => found(answer, limit, (hits) => order.positionOf(hits[limit - 1]?._source ?? {})),
        };
      }
      // Pages do not continue after the last score: every write changes all scores a little, and many documents have the same score.
      const from = after === undefined ? 0 : numberPosition(after);
      if (from + limit > LONGEST_PAGE) {
        throw usage(`no more than ${LONGEST_PAGE} matches of words can be listed; give more words or filters`);
      }
      return {
        request: {
          ...send,
          query: {
            ...query,
            // Equal documents have equal scores only if terms are counted over the whole index, by replicas that count
            // alike.
            search_type: 'dfs_query_then_fetch',
            preference: `words-${digest(words)}`,
          },
          body: {
            ...common,
            from,
            query: { bool: { filter: clauses, must: matches } },
            sort: [{ _score: 'desc' }, ...keyOrder],
          },
        },
        found: (answer) => found(answer, limit, () => from + limit),
      };
    },
  };
}

/**
 * One clause for each word, all of which must match; undefined if the query has no words. No part of the query is
 * parsed as syntax.
 */
function matchesOf(query: string): Document[] | undefined {
  const words = queryWords(query);
  if (words === undefined) return undefined;
  const { whole, beginning } = words;
  const clauses: Document[] = whole.map((word) => exactly(`${OWN}.words`, word));
  if (beginning !== undefined) clauses.push({ prefix: { [`${OWN}.words`]: { value: beginning } } });
  return clauses;
}

function exactly(field: string, value: string | number | boolean): Document {
  return { term: { [field]: { value } } };
}

function conditionOf(
  index: IndexDef,
  fields: ReadonlyMap<string, Filterable>,
  name: string,
  value: string | number | boolean,
): Document {
  const field = askedFilter(index, fields, name, value);
  if (typeof value === 'string' && value.length > LONGEST_VALUE) {
    throw usage(
      `the field ${name} of the search index ${index.name} cannot be filtered by a text of more than ${LONGEST_VALUE} characters`,
    );
  }
  const canBe = typeof value !== 'number' || (field.isWhole ? Number.isInteger(value) : Number.isFinite(value));
  return canBe ? exactly(name, value) : { match_none: {} };
}

/** No stored number is larger. Elasticsearch refuses to compare even larger values with a whole number. */
const FURTHEST = 2 ** 53;

function rangeOf(
  name: string,
  { isWhole }: Filterable,
  bounds: readonly (readonly [string, string | number])[],
): Document {
  const bound = (value: string | number): string | number =>
    isWhole ? Math.max(-FURTHEST, Math.min(FURTHEST, Number(value))) : value;
  return { range: { [name]: Object.fromEntries(bounds.map(([operator, value]) => [operator, bound(value)])) } };
}

interface Answer {
  readonly hits: {
    readonly total: { readonly value: number };
    readonly hits: readonly { readonly _source: Document }[];
  };
}

function found(answer: unknown, limit: number, next: (hits: Answer['hits']['hits']) => unknown): Found {
  const { total, hits } = (answer as Answer).hits;
  const items = hits.slice(0, limit).map(({ _source: { [OWN]: _, ...record } }) => record);
  return { items, next: hits.length > limit ? tokenOf(next(hits)) : undefined, total: total.value };
}

function numberPosition(token: string): number {
  return positionOf(token, (position): position is number => Number.isSafeInteger(position) && Number(position) > 0);
}
