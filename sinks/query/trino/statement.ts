/** One statement by Trino's protocol: the text is posted, and each answer has the address of the next one, until one has none. */
import { TributaryError } from '../../../core/errors.ts';
import { failureOf, type TrinoFailure } from './failure.ts';
import type { TrinoHttp } from './http.ts';

export interface TrinoColumn {
  readonly name: string;
  /** The type in SQL: `map(integer, bigint)`. */
  readonly type: string;
}
interface Page {
  readonly columns?: readonly TrinoColumn[];
  readonly data?: readonly (readonly unknown[])[];
  readonly nextUri?: string;
  readonly error?: TrinoFailure;
}

export interface Statement {
  readonly columns: readonly TrinoColumn[];
  /** Values as in JSON; whole numbers beyond 2^53 as bigints. Can be read once. */
  readonly pages: AsyncIterable<readonly (readonly unknown[])[]>;
  /** Ends the query if it is still running; never throws. */
  cancel(): Promise<void>;
}

/** Settles when the columns are known. Throws the query's failure. */
export async function execute(http: TrinoHttp, sql: string, signal?: AbortSignal): Promise<Statement> {
  const doing = 'running a query';
  const next = async (path: string | undefined): Promise<Page> => {
    const asked =
      path === undefined
        ? { method: 'POST' as const, path: '/v1/statement', body: sql }
        : { method: 'GET' as const, path };
    const page = parsed(await http.send(doing, { ...asked, signal }));
    if (page.error !== undefined) throw failureOf(doing, page.error);
    return page;
  };
  /** The address of the next answer; undefined when the query has ended. */
  let path: string | undefined;
  const cancel = async (): Promise<void> => {
    const last = path;
    path = undefined;
    // Otherwise Trino would end the query only some minutes later.
    if (last !== undefined) await http.send(doing, { method: 'DELETE', path: last }).catch(() => undefined);
  };
  const step = async (): Promise<Page> => {
    try {
      const page = await next(path);
      path = pathOf(page.nextUri);
      return page;
    } catch (error) {
      await cancel();
      throw error;
    }
  };
  let page = await step();
  while (page.columns === undefined && path !== undefined) page = await step();
  const first = page;
  return {
    columns: first.columns ?? [],
    pages: (async function* () {
      if (first.data !== undefined) yield first.data;
      while (path !== undefined) {
        const { data } = await step();
        if (data !== undefined && data.length > 0) yield data;
      }
    })(),
    cancel,
  };
}

/** The path and the rest of the URL. Only the configuration determines the server and the credentials. */
function pathOf(uri: string | undefined): string | undefined {
  if (uri === undefined) return undefined;
  const { pathname, search } = new URL(uri);
  return pathname + search;
}

/** Long digit sequences may be numbers that JSON.parse would round. */
const LONG = /\d{16}/;

function parsed(text: string): Page {
  try {
    return JSON.parse(text, LONG.test(text) ? exact : undefined) as Page;
  } catch (error) {
    throw new TributaryError('CONFIG_INVALID', 'running a query: the server there is not Trino; correct the URL', {
      cause: error,
    });
  }
}

function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  return context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}
