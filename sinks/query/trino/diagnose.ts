/** What `tributary doctor` checks about a Trino. */
import { type Finding, ok, problem } from '../../../core/finding.ts';
import { trinoHttp } from './http.ts';
import { locationOf } from './location.ts';
import { execute } from './statement.ts';

const PATIENCE_MS = 8000;
/** The first release whose Delta connector can read earlier versions of a table. */
const OLDEST = 445;

export interface DiagnosedTrino {
  readonly url: string;
  readonly location?: string | undefined;
  readonly ca?: string | undefined;
}

/** Throws if Trino does not answer, or refuses access. */
export async function diagnoseTrino({ url, location: objects, ca }: DiagnosedTrino): Promise<Finding[]> {
  const location = locationOf(url, objects);
  const http = trinoHttp(location, { ca, patienceMs: PATIENCE_MS });
  const first = async (sql: string): Promise<unknown> => {
    const { pages } = await execute(http, sql, AbortSignal.timeout(PATIENCE_MS));
    return (await Array.fromAsync(pages)).flat()[0]?.[0];
  };
  try {
    const version = String(await first('select version()'));
    const catalog = `'${location.catalog}'`;
    const kind = await first(`select connector_name from system.metadata.catalogs where catalog_name = ${catalog}`);
    return [versionOf(version), catalogOf(location.catalog, kind)];
  } finally {
    http.close();
  }
}

export function versionOf(version: string): Finding {
  const number = Number(/^\d+/.exec(version)?.[0] ?? Number.NaN);
  if (number < OLDEST) return problem('query', `Trino ${version} is too old`, `use ${OLDEST} or newer`);
  return ok('query', `Trino ${version}`);
}

export function catalogOf(name: string, kind: unknown): Finding {
  const check = 'query: catalog';
  if (kind === 'delta_lake') return ok(check, `${name} is of Delta Lake`);
  const is = kind === undefined ? 'is not there' : `is of ${kind}`;
  return problem(check, `the catalog ${name} ${is}`, 'name one with connector.name=delta_lake in the URL');
}
