/** Parses the text of a query as far as necessary: which relations it names, and where relations can be put before its own WITH. */
import { TributaryError } from '../../core/errors.ts';
import type { Relation } from './port.ts';

interface Token {
  readonly kind: 'name' | 'quoted' | 'other';
  /** Names in lower case, quoted ones without their quotes. */
  readonly text: string;
  readonly end: number;
}

/** A comment, a text, a quoted name, a name, or any other character. */
const TOKEN = /--[^\n]*|\/\*[\s\S]*?\*\/|\s+|'(?:[^']|'')*'|"((?:[^"]|"")*)"|([\p{L}_][\p{L}\p{N}_$]*)|[\s\S]/gu;

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (const match of sql.matchAll(TOKEN)) {
    const [text, quoted, name] = match;
    if (/^(?:--|\/\*|\s)/.test(text)) continue;
    const end = match.index + text.length;
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replaceAll('""', '"').toLowerCase(), end });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name.toLowerCase(), end });
    else tokens.push({ kind: 'other', text, end });
  }
  return tokens;
}

const isSign = (token: Token | undefined, sign: string): boolean => token?.kind === 'other' && token.text === sign;
const isWord = (token: Token | undefined, word: string): boolean => token?.kind === 'name' && token.text === word;

/** A relation that is put before the text of a query. */
export interface Added {
  readonly name: string;
  /** In the order of the columns that the SQL returns: Trino requires their names in recursive queries. */
  readonly columns: readonly string[];
  readonly sql: string;
}

export interface Asked {
  /** Without a final semicolon. */
  readonly sql: string;
  /** The relations that the text may use. A column with the name of a relation counts, too. */
  readonly relations: readonly Relation[];
  /** The text with these relations before its own WITH. Later relations may use earlier ones. */
  with(added: readonly Added[]): string;
}

const invalid = (why: string): TributaryError => new TributaryError('QUERY_INVALID', `reading a query: ${why}`);

/** Throws QUERY_INVALID for a text that is not a single query, or that redefines the name of a relation. */
export function askedOf(text: string, relations: readonly Relation[]): Asked {
  let tokens = tokensOf(text);
  let sql = text;
  while (isSign(tokens.at(-1), ';')) {
    tokens = tokens.slice(0, -1);
    sql = text.slice(0, tokens.at(-1)?.end ?? 0);
  }
  const first = tokens.find((token) => !isSign(token, '('));
  if (first === undefined) throw invalid('it is empty');
  if (tokens.some((token) => isSign(token, ';'))) throw invalid('it must be one statement');
  if (first.kind !== 'name' || !['select', 'with', 'values', 'table'].includes(first.text)) {
    throw invalid('it must be one SELECT, and nothing else');
  }
  const names = new Set(tokens.flatMap(({ kind, text }) => (kind === 'other' ? [] : [text])));
  const [start] = tokens;
  const own = isWord(start, 'with') ? namesOfWith(tokens) : [];
  const taken = relations.find(({ name, stored }) => own.some((each) => each === name || each === stored));
  if (taken !== undefined) {
    throw invalid(`WITH gives the name of the table ${taken.name} to something else; choose another`);
  }
  return {
    sql,
    relations: relations.filter(({ name, stored }) => names.has(name) || names.has(stored)),
    with(added) {
      if (added.length === 0) return sql;
      const list = added
        .map(({ name, columns, sql }) => {
          return `${name} (${columns.map((each) => `"${each}"`).join(', ')}) as (\n${sql}\n)`;
        })
        .join(',\n');
      if (!isWord(start, 'with')) return `with ${list}\n${sql}`;
      const recursive = isWord(tokens[1], 'recursive') ? tokens[1] : undefined;
      const after = sql.slice((recursive ?? start)?.end);
      return `with ${recursive ? 'recursive ' : ''}${list},\n${after}`;
    },
  };
}

/** The names that the WITH at the beginning defines: each comes first in it, or after a comma outside of all parentheses. */
function namesOfWith(tokens: readonly Token[]): string[] {
  const names: string[] = [];
  let depth = 0;
  let isNext = true;
  for (const { kind, text } of tokens.slice(isWord(tokens[1], 'recursive') ? 2 : 1)) {
    if (kind === 'other' && text === '(') depth += 1;
    else if (kind === 'other' && text === ')') depth -= 1;
    else if (depth > 0) continue;
    else if (text === ',' && kind === 'other') isNext = true;
    else if (isNext) {
      names.push(text);
      isNext = false;
    } else if (kind === 'name' && ['select', 'values', 'table'].includes(text)) break;
  }
  return names;
}
