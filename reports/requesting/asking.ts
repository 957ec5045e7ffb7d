/**
 * Turns what somebody asks for into a request to store. It is checked up front, and one error lists all problems. So nothing that can be
 * refused now becomes a request that fails later.
 */
import { createHash } from 'node:crypto';
import { type FieldProblem, TributaryError } from '../../core/errors.ts';
import type { NewRequest } from '../../sinks/requests/port.ts';
import type { NamedColumn, ParameterValues, Reads, Report } from '../define-report.ts';
import { FILE_FORMATS, type FileFormat, type Protection } from '../files/format.ts';
import { parseFileOptions } from '../files/options.ts';
import { type GivenProtection, parseProtection } from '../files/protection.ts';
import { ROLES } from '../rights.ts';
import { reportNamed } from './named.ts';
import { type GivenValues, parseParameters, resolved } from './parameters.ts';
import { chosenColumns } from './rows.ts';
import { requestUse, type SealingKeys } from './sealing.ts';

export interface Ask {
  readonly tenant: string;
  readonly report: string;
  readonly parameters: GivenValues;
  readonly format: string;
  /** Options of the format: see `files/options.ts`. */
  readonly options: Readonly<Record<string, string>>;
  /** The names of the columns, in order; null for all that the caller may have. */
  readonly columns: readonly string[] | null;
  readonly protection: GivenProtection;
  /** A smaller limit than the report's; null for the report's limit. */
  readonly rowLimit: number | null;
  readonly requestedBy: string;
  /** The code that submits the request vouches for them. */
  readonly roles: readonly string[];
  /** The maximum age of a file, in ms; null for the report's. 0 makes a new file. */
  readonly freshMs: number | null;
}

export interface AskContext {
  readonly reports: readonly Report[];
  /** Undefined if the installation has no secret for sealing. */
  readonly keys: SealingKeys | undefined;
  /** In ms since 1970 UTC. */
  readonly now: number;
}

/** A request, and the report with the values with which it would run now. */
export interface Planned {
  readonly request: NewRequest;
  readonly report: Report;
  readonly values: ParameterValues;
}

interface Outlined {
  /** What the asker should know before the report runs. */
  readonly notes: readonly string[];
}

/** If a request loses its worker this often, it probably contains something that ends workers. */
const MAX_ATTEMPTS = 8;
/** The estimate if a report does not estimate its number of rows. */
const SOME_ROWS = 10_000;

/** Throws NOT_FOUND, NOT_ALLOWED, USAGE or CONFIG_INVALID. Reads no data, so it can plan the requests of schedules. */
export function plan(ask: Ask, { reports, keys, now }: AskContext): Planned {
  const report = reportNamed(ask.report, reports);
  checkRole(report, ask);
  const problems: FieldProblem[] = [];
  const add = (field: string, messages: readonly string[]) =>
    problems.push(...messages.map((message) => ({ field, message })));
  const parameters = parseParameters(report, ask.parameters, now);
  if ('problems' in parameters) problems.push(...parameters.problems);
  const options = parseFileOptions(ask.options);
  if ('problems' in options) add('options', options.problems);
  const format = FILE_FORMATS.find((each) => each === ask.format);
  if (format === undefined)
    add('format', [`the format must be one of ${FILE_FORMATS.join(', ')}, and is ${ask.format}`]);
  const protection = parseProtection(ask.protection);
  if ('problems' in protection) add('protection', protection.problems);
  const limit = ask.rowLimit ?? report.rowLimit;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > report.rowLimit)
    add('rowLimit', [`the row limit must be a whole number from 1 to ${report.rowLimit}, and is ${ask.rowLimit}`]);
  const columns = columnsFor(report, ask, (message) => add('columns', [message]));
  if ('value' in protection && protection.value.kind === 'none' && mustBeProtected(report, columns))
    add('protection', [
      `${report.name} has personal data, so its file must be protected: give a password, or age recipients`,
    ]);
  if (problems.length > 0 || 'problems' in parameters || 'problems' in options || 'problems' in protection) {
    throw refused(`${report.name} cannot run like this`, problems);
  }
  const sealed = protection.value.kind === 'none' ? undefined : keysOf(keys);
  const request = requestOf(ask, {
    report,
    values: parameters.values,
    format: format as FileFormat,
    columns,
    protection: protection.value,
    keys: sealed,
    rowLimit: limit,
  });
  return { request, report, values: resolved(report, parameters.values, now) };
}

/** Like `plan`, but also reads data: an unknown batch, no consent, or too many rows are refused now. */
export async function planned(
  ask: Ask,
  context: AskContext,
  reads: Reads,
): Promise<Pick<Planned, 'request'> & Outlined> {
  const { request, report, values } = plan(ask, context);
  const outlook = await report.outlook?.(values, reads);
  if (outlook === undefined) return { request, notes: [] };
  const problems = outlook.problems.map((message) => ({ field: 'parameters', message }));
  if (outlook.rows !== null && outlook.rows > report.rowLimit && ask.rowLimit === null) {
    const [rows, most] = [outlook.rows, report.rowLimit].map((count) => count.toLocaleString('en'));
    const message = `it would have about ${rows} rows, and ${most} is the most: ask for less, or take the first with a row limit`;
    problems.push({ field: 'rowLimit', message });
  }
  if (problems.length > 0) throw refused(`${report.name} cannot run like this`, problems);
  const { rows, notes = [] } = outlook;
  return { request: rows === null ? request : { ...request, estimateRows: rows }, notes };
}

function checkRole({ name, role }: Report, { requestedBy, roles }: Ask): void {
  const unknown = roles.filter((each) => !(ROLES as readonly string[]).includes(each));
  if (unknown.length > 0)
    throw new TributaryError('USAGE', `there is no role ${unknown.join(', ')}: there are ${ROLES.join(', ')}`);
  if (roles.includes(role)) return;
  throw new TributaryError(
    'NOT_ALLOWED',
    `${requestedBy} may not have ${name}, which needs the role ${role}: ask somebody who grants roles`,
  );
}

function columnsFor(
  report: Report,
  { columns, roles, requestedBy }: Ask,
  add: (problem: string) => void,
): readonly NamedColumn[] {
  const mayHave = ({ personal }: NamedColumn) => personal !== true || roles.includes('personal-data');
  if (columns === null) return report.columns.filter(mayHave);
  try {
    const chosen = chosenColumns(report, columns);
    const others = chosen.filter((column) => !mayHave(column)).map(({ name }) => name);
    if (others.length === 0) return chosen;
    add(`${requestedBy} may not have ${others.join(', ')}, which need the role personal-data: leave them out`);
  } catch (error) {
    add((error as TributaryError).message);
  }
  return [];
}

const mustBeProtected = ({ protection }: Report, columns: readonly NamedColumn[]): boolean =>
  protection === 'required' || columns.some(({ personal }) => personal);

function keysOf(keys: SealingKeys | undefined): SealingKeys {
  if (keys !== undefined) return keys;
  throw new TributaryError(
    'CONFIG_INVALID',
    'files can only be protected with reportSecret in the configuration: with it, passwords of requests are kept sealed',
  );
}

function refused(what: string, problems: readonly FieldProblem[]): TributaryError {
  const [first, ...others] = problems.map(({ message }) => message);
  const message =
    others.length === 0
      ? `${what}: ${first}`
      : `${what}, for ${problems.length} reasons:\n${[first, ...others].map((each) => `  ${each}`).join('\n')}`;
  return new TributaryError('USAGE', message, { problems });
}

interface Parts {
  readonly report: Report;
  readonly values: ParameterValues;
  readonly format: FileFormat;
  readonly columns: readonly NamedColumn[];
  readonly protection: Protection;
  /** The sealing keys, for a protected file. */
  readonly keys: SealingKeys | undefined;
  readonly rowLimit: number;
}

function requestOf(ask: Ask, { report, values, format, columns, protection, keys, rowLimit }: Parts): NewRequest {
  const { tenant, requestedBy, roles, options } = ask;
  const names = columns.map(({ name }) => name);
  const secret = JSON.stringify(protection);
  const fingerprint = keys?.fingerprint(secret) ?? '';
  const parameters = JSON.stringify(values);
  // Personal data are only for the asker. Nobody gets such a file that was made for another user.
  const person = columns.some(({ personal }) => personal) ? requestedBy : null;
  const hash = hashOf([
    tenant,
    report.name,
    report.version,
    parameters,
    format,
    Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)),
    names,
    protection.kind,
    fingerprint,
    rowLimit,
    person,
  ]);
  return {
    tenant,
    report: report.name,
    parameters,
    format,
    options,
    columns: names,
    protection: { kind: protection.kind, fingerprint },
    requestedBy,
    roles,
    maxAttempts: MAX_ATTEMPTS,
    estimateRows: Math.min(SOME_ROWS, rowLimit),
    rowLimit,
    hash,
    secret: keys?.seal(secret, requestUse({ tenant, report: report.name })) ?? null,
    freshMs: ask.freshMs ?? report.freshMs,
  };
}

export const hashOf = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);

/** Changes with the columns, so that a reader of files can tell whether they are the same as before. */
export const columnsVersion = (columns: readonly NamedColumn[]): string =>
  hashOf(columns.map(({ name, type, unit = null }) => [name, type, unit])).slice(0, 8);
