/**
 * The statements for one search index: SQL texts and their parameters, and nothing else.
 *
 * Table "search_<name>": one row for each document, with its key, a column for every field that can be used in filters, the words of all
 * its text fields (`../words.ts`), the document itself as JSON, and its version. A removed document leaves a row without JSON, with the
 * time of the removal in "_removed", in ms since 1970 UTC. The row is swept a week later.
 * Table "search_<name>__text": the full-text index of those words, without a copy of them. A trigger updates it only if
 * the words change, so a change of mere numbers costs no more than in an ordinary row.
 */
import { TributaryError } from '../../../core/errors.ts';
import { type IndexDef, keyFields } from '../../../core/target.ts';
import type { Change } from '../../port.ts';
import type { SearchRequest } from '../port.ts';
import { queryWords, wordsOf } from '../words.ts';
import { type Column, columnsOf } from './columns.ts';
import { conditionOf, orderOf, quoted, type SqlValue, sqlValue } from './conditions.ts';

interface Query {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

interface PageQuery extends Query {
  /** The token of the next page, from all rows that were returned; undefined at the end. The first `limit` rows are this page. */
  next(rows: readonly FoundRow[]): string | undefined;
}

/** The document as JSON, then the values of its key. */
export type FoundRow = readonly [document: string, ...key: string[]];

/** A document as it is stored: the number of its row, the document as JSON, its version, and its key with the tenant first. */
export type StoredDocument = readonly [id: number, document: string, token: number, revision: number, ...key: string[]];

export interface IndexRequests {
  readonly table: string;
  /** The fields that can be used in filters, in the order of the record. */
  readonly columns: ReadonlyMap<string, Column>;
  /** The names of the key's fields. */
  readonly key: readonly string[];
  /** The parts of the declaration on which the tables depend. */
  readonly declared: string;
  readonly create: string;
  readonly drop: string;
  addColumn(name: string): string;
  /** For older tables: the column "_removed", its index, and a statement that sets it for removed documents (parameter: the time). */
  readonly addRemoved: readonly [column: string, index: string, fill: string];
  /** Removes all words, before the documents are written again. */
  readonly renewWords: string;
  /** Whether an index with this declaration has words in their present form. */
  hasWords(before: string): boolean;
  /** Writes one document, unless a newer one exists: then no row is changed. */
  readonly upsert: string;
  parameters(change: Change, now: number): SqlValue[];
  /** Deletes what was removed before a time. */
  readonly sweep: string;
  /** Documents after an id, as `StoredDocument`. Parameters: the id, and how many. */
  readonly stored: string;
  page(request: SearchRequest): PageQuery;
  total(request: SearchRequest): Query;
}

/** Leaves words unchanged: their only ASCII characters are lower-case letters and digits, and blanks separate them. */
const TOKENIZER = 'ascii';
/** To be increased with every change of the words that `../words.ts` makes. */
const WORDS_VERSION = 2;
/** Removals are kept against older writes of a paused owner, which do not come after days. */
export const REMOVALS_KEPT_MS = 7 * 24 * 60 * 60 * 1000;

export function indexRequests(index: IndexDef): IndexRequests {
  const columns = columnsOf(index);
  const key = keyFields(index);
  const table = `search_${index.name}`;
  const [quotedTable, words] = [quoted(table), quoted(`${table}__text`)];
  const unique = ['_tenant', ...key];
  const others = [...columns.keys()].filter((name) => !key.includes(name));
  const overwritten = [...others, '_text', '_document', '_token', '_revision', '_removed'];
  const matching = `${words} CROSS JOIN ${quotedTable} AS d ON d."_id" = ${words}.rowid`;
  const keyOrder = key.map((name) => `d.${quoted(name)}`).join(', ');
  const removals = `CREATE INDEX ${quoted(`${table}__removed`)} ON ${quotedTable} ("_removed") WHERE "_removed" IS NOT NULL`;
  const createWords = `CREATE VIRTUAL TABLE ${words} USING fts5 (
        words, content = '', contentless_delete = 1, tokenize = "${TOKENIZER}"
      )`;
  const definition = (name: string): string => `${quoted(name)} ${columns.get(name)?.type}`;

  return {
    table,
    columns,
    key,
    declared: JSON.stringify({
      key,
      text: index.text,
      columns: [...columns],
      own: ['_removed'],
      words: WORDS_VERSION,
    }),

    create: `
      CREATE TABLE ${quotedTable} (
        "_id" INTEGER PRIMARY KEY,
        "_tenant" TEXT NOT NULL,
        ${key.map((name) => `${quoted(name)} TEXT NOT NULL,`).join('\n        ')}
        ${others.map((name) => `${definition(name)},`).join('\n        ')}
        "_text" TEXT,
        "_document" TEXT,
        "_token" INTEGER NOT NULL,
        "_revision" INTEGER NOT NULL,
        "_removed" INTEGER,
        UNIQUE (${unique.map(quoted).join(', ')})
      );
      ${removals};
      ${createWords};
      CREATE TRIGGER ${quoted(`${table}__insert`)} AFTER INSERT ON ${quotedTable} WHEN new."_text" IS NOT NULL BEGIN
        INSERT INTO ${words} (rowid, words) VALUES (new."_id", new."_text");
      END;
      CREATE TRIGGER ${quoted(`${table}__update`)} AFTER UPDATE ON ${quotedTable}
      WHEN old."_text" IS NOT new."_text" BEGIN
        DELETE FROM ${words} WHERE rowid = old."_id" AND old."_text" IS NOT NULL;
        INSERT INTO ${words} (rowid, words) SELECT new."_id", new."_text" WHERE new."_text" IS NOT NULL;
      END;
    `,

    drop: `DROP TABLE IF EXISTS ${words}; DROP TABLE IF EXISTS ${quotedTable}`,

    renewWords: `UPDATE ${quotedTable} SET "_text" = NULL; DROP TABLE ${words}; ${createWords}`,
    hasWords: (before) => (JSON.parse(before) as { words?: number }).words === WORDS_VERSION,

    addColumn: (name) => `ALTER TABLE ${quotedTable} ADD COLUMN ${definition(name)}`,
    addRemoved: [
      `ALTER TABLE ${quotedTable} ADD COLUMN "_removed" INTEGER`,
      removals,
      `UPDATE ${quotedTable} SET "_removed" = ? WHERE "_document" IS NULL`,
    ],

    upsert: `
      INSERT INTO ${quotedTable} (${[...unique, ...overwritten].map(quoted).join(', ')})
      VALUES (${[...unique, ...overwritten].map(() => '?').join(', ')})
      ON CONFLICT (${unique.map(quoted).join(', ')}) DO UPDATE SET
        ${overwritten.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')}
      WHERE (excluded."_token", excluded."_revision") >= ("_token", "_revision")
    `,

    parameters({ key, version, record }, now) {
      const parameters: SqlValue[] = [...key];
      for (const name of others) parameters.push(sqlValue(record?.[name]));
      parameters.push(record === undefined ? null : wordsOf(index.text.map((name) => record[name])));
      parameters.push(record === undefined ? null : JSON.stringify(record));
      parameters.push(version.token, version.revision, record === undefined ? now : null);
      return parameters;
    },

    sweep: `DELETE FROM ${quotedTable} WHERE "_removed" < ?`,

    stored: `
      SELECT "_id", "_document", "_token", "_revision", ${unique.map(quoted).join(', ')} FROM ${quotedTable}
      WHERE "_id" > ? AND "_document" IS NOT NULL ORDER BY "_id" LIMIT ?
    `,

    page(request) {
      const { limit, after } = request;
      if (!Number.isSafeInteger(limit) || limit < 1) {
        throw new TributaryError('USAGE', `a page of ${limit} documents cannot be read; ask for a whole number from 1`);
      }
      const match = matchOf(request.words);
      const { sql: where, parameters } = conditionOf(index, columns, request);
      if (match === undefined || request.sort !== undefined) {
        const order = orderOf(index, columns, key, request.sort);
        const last = after === undefined ? undefined : positionIn(after, order.isPosition);
        const beyond = last && order.beyond(last);
        const from = match === undefined ? `${quotedTable} AS d` : matching;
        const found = match === undefined ? [where, 'd."_document" IS NOT NULL'] : [`${words} MATCH ?`, where];
        const conditions = [...found, ...(beyond === undefined ? [] : [beyond.sql])];
        return {
          sql: `
            SELECT d."_document", ${keyOrder} FROM ${from}
            WHERE ${conditions.join(' AND ')} ORDER BY ${order.sql} LIMIT ?
          `,
          parameters: [
            ...(match === undefined ? [] : [match]),
            ...parameters,
            ...(beyond?.parameters ?? []),
            limit + 1,
          ],
          next(rows) {
            const [document, ...values] = rows.length > limit ? (rows[limit - 1] ?? []) : [];
            return document === undefined ? undefined : tokenOf(order.positionOf(JSON.parse(document), values));
          },
        };
      }
      // Pages do not continue after the last rank: every write changes all ranks a little, and many documents have the same rank.
      const offset = after === undefined ? 0 : offsetToken(after);
      return {
        sql: `
          SELECT d."_document", ${keyOrder} FROM ${matching}
          WHERE ${words} MATCH ? AND ${where} ORDER BY bm25(${words}), ${keyOrder} LIMIT ? OFFSET ?
        `,
        parameters: [match, ...parameters, limit + 1, offset],
        next: (rows) => (rows.length > limit ? tokenOf(offset + limit) : undefined),
      };
    },

    total(request) {
      const match = matchOf(request.words);
      const { sql: where, parameters } = conditionOf(index, columns, request);
      if (match === undefined) {
        const sql = `SELECT count(*) FROM ${quotedTable} AS d WHERE ${where} AND d."_document" IS NOT NULL`;
        return { sql, parameters };
      }
      return {
        sql: `
          SELECT count(*) FROM ${matching}
          WHERE ${words} MATCH ? AND ${where}
        `,
        parameters: [match, ...parameters],
      };
    },
  };
}

/**
 * The words of a query as an expression of FTS5; undefined if there are none. Each word is quoted, so that nothing is
 * syntax; a `*` after the last one makes it a prefix.
 */
export function matchOf(query: string): string | undefined {
  const words = queryWords(query);
  if (words === undefined) return undefined;
  const terms = words.whole.map((word) => `"${word}"`);
  if (words.beginning !== undefined) terms.push(`"${words.beginning}"*`);
  return terms.join(' AND ');
}

/** A token is the last position of a page, or the number of matches on the pages so far. */
function tokenOf(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function positionIn<T>(token: string, isPosition: (position: unknown) => position is T): T {
  const position = positionOf(token);
  return isPosition(position) ? position : garbled(token);
}

function offsetToken(token: string): number {
  const position = positionOf(token);
  return Number.isSafeInteger(position) && (position as number) > 0 ? (position as number) : garbled(token);
}

function positionOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    return garbled(token);
  }
}

function garbled(token: string): never {
  throw new TributaryError(
    'USAGE',
    `after: "${token.slice(0, 40)}" did not come from a page of this search; leave it out to begin with the first page`,
  );
}
