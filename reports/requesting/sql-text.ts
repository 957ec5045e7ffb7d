/**
 * Turns the SQL of a report into the SQL of a request: `:name` becomes a literal of the parameter's type, in the subset that all engines
 * share. Literals, quoted names and comments stay unchanged.
 */
import { DateTime } from 'luxon';
import type { Parameter, ParameterValue, ParameterValues, Report } from '../define-report.ts';

/** A quoted text, a quoted name, a comment, or a parameter. A parameter does not follow a colon or a word character. */
const TOKENS = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|(?<![:\w]):([A-Za-z]\w*)/g;

/** Throws if the SQL has a parameter that the report does not declare, or does not use the tenant. That is an error of the report. */
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

/** The type to which a null literal is cast, so that engines know its type. */
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
    // Not `toFormat`: that uses the digits of the machine's language.
    const text = DateTime.fromMillis(value as number, { zone: 'utc' }).toISO() ?? '';
    return `cast('${text.slice(0, 10)} ${text.slice(11, 23)} UTC' as timestamp with time zone)`;
  }
  if (type === 'long') return `cast(${value} as bigint)`;
  return typeof value === 'string' ? textLiteral(value) : String(value);
}

export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;
