/** Prefixes of keys, and the tokens with which a list continues. */
import { TributaryError } from '../../../core/errors.ts';
import type { Key } from '../../port.ts';
import type { TableRequest } from './request.ts';

/** The prefix, after checking that it has at least this many parts and fits this table's key. */
export function prefixOf(request: TableRequest, prefix: Key, least: number): Key {
  if (prefix.length >= least && prefix.length <= request.keyLength) return prefix;
  throw new TributaryError(
    'USAGE',
    `${request.name}: a prefix has ${least} to ${request.keyLength} parts, the tenant first, but ${prefix.length} were given`,
  );
}

/** The `next` of a page: what follows the prefix in the key of its last record. */
export function pageToken(prefix: Key, last: Key): string {
  return Buffer.from(JSON.stringify(last.slice(prefix.length))).toString('base64url');
}

/** The key from which `pageToken` made a token. */
export function afterToken(request: TableRequest, prefix: Key, token: string): Key {
  const rest = parsed(Buffer.from(token, 'base64url').toString());
  const length = request.keyLength - prefix.length;
  if (Array.isArray(rest) && rest.length === length && length > 0 && rest.every((part) => typeof part === 'string')) {
    return [...prefix, ...rest];
  }
  throw new TributaryError(
    'USAGE',
    `${request.name}: the page after ${JSON.stringify(token.slice(0, 40))} does not exist; give the token of the page before, or none for the first`,
  );
}

/**
 * The statements of a list, in order: from the beginning, or after a key. If the prefix is shorter than the partition
 * key, they read all rows.
 */
export function listing(request: TableRequest, prefix: Key, after: Key | undefined): [string, Key][] {
  const { partitionLength, within, withinAfter, all, allAfter } = request;
  const inPartition = prefix.length - partitionLength;
  if (inPartition >= 0) {
    if (after === undefined) return [[within[inPartition] as string, prefix]];
    return [[withinAfter[inPartition] as string, after]];
  }
  if (after === undefined) return [[all, []]];
  const rest: [string, Key][] = withinAfter.slice(0, 1).map((sql) => [sql, after]);
  return [...rest, [allAfter, after.slice(0, partitionLength)]];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
