/**
 * From the SQL of a report to the SQL of a request: `:name` becomes a literal of the parameter's type, in the subset that all engines
 * share. Literals, quoted names and comments stay as they are.
 */
import { DateTime } from 'luxon';
import type { Parameter, ParameterValue, ParameterValues, Report } from '../define-report.ts';

/** A text in quotes, a name in quotes, a comment, or a parameter. A parameter does not follow a colon or a letter. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|(?<![:\w]):([A-Za-z]\w*)/g;

/** Throws if the text names a parameter that the report does not have, or does not name the tenant: that is an error of the report. */
export function filledSql(
  sql: string,
  { name: report, parameters }: Pick<Report, 'name' | 'parameters'>,
  { tenant, values }: { readonly tenant: string; readonly values: ParameterValues },
): string {
  let isScoped = false;
  const text = sql.replace(TOKENS, (token: string, name: string | undefined) => {
    if (name === undefined) return token.startsWith('--') || token.startsWith('/*') ? ' ' : token;
    if (name === 'tenant') {
      isScoped = true;
      return textLiteral(tenant);
    }
    const spec = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (spec === undefined) throw new Error(`the query of ${report} has the parameter :${name}, which is not declared`);
    return literal(spec, values[name] ?? null);
  });
  if (!isScoped) throw new Error(`the query of ${report} does not select by :tenant`);
  return text.trim();
}

/** What a literal of null is cast to, so that engines know its type. */
const SQL_TYPES: Readonly<Record<Parameter['type'], string>> = {
  text: 'varchar',
  zone: 'varchar',
  choice: 'varchar',
  long: 'bigint',
  boolean: 'boolean',
  date: 'date',
  moment: 'timestamp with time zone',
};

function literal({ type }: Parameter, value: ParameterValue): string {
  if (value === null) return `cast(null as ${SQL_TYPES[type]})`;
  if (type === 'date') return `date '${value}'`;
  if (type === 'moment') {
    // Not by a format: that has the digits of the machine's language.
    const text = DateTime.fromMillis(value as number, { zone: 'utc' }).toISO() ?? '';
    return `cast('${text.slice(0, 10)} ${text.slice(11, 23)} UTC' as timestamp with time zone)`;
  }
  if (type === 'long') return `cast(${value} as bigint)`;
  return typeof value === 'string' ? textLiteral(value) : String(value);
}

export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;
