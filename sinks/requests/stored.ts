/** The texts in which stores keep parts of requests and schedules, and the cursors of lists: the same in every implementation. */
import { TributaryError } from '../../core/errors.ts';
import type {
  Asked,
  Expired,
  LeasedRequest,
  NewResult,
  Request,
  RequestError,
  RequestFilter,
  RequestPage,
  RequestState,
  Result,
  TablePositions,
} from './port.ts';
import { checkText, checkWhole, type Held } from './rules.ts';
import type { CatchUp, DueSchedule, Schedule } from './schedule.ts';

/** The parts of a request that no statement reads, as one JSON text. */
export type AskedText = Omit<Asked, 'tenant' | 'report' | 'maxAttempts' | 'estimateRows'>;

export function askedText(asked: Asked): string {
  const { parameters, format, options, columns, protection, requestedBy, roles, rowLimit, trace } = asked;
  const text: AskedText = {
    parameters,
    format,
    options,
    columns,
    protection: { kind: protection.kind, fingerprint: protection.fingerprint },
    requestedBy,
    roles,
    rowLimit,
    ...(trace !== undefined && { trace }),
  };
  return JSON.stringify(text);
}

/** A result whose positions are JSON, with each bigint as a text. */
type ResultText = Omit<Result, 'positions'> & { readonly positions: Readonly<Record<string, StoredPositions>> };

interface StoredPositions {
  readonly version: number | string;
  readonly positions: Readonly<Record<string, number | string>>;
}

export function resultText(result: NewResult, finishedAt: number): string {
  const { object, companion, rows, bytes, checksum, truncated, definitionVersion, columnsVersion, protection, asOf } =
    result;
  const positions = mapped(result.positions, (table) => ({
    version: stored(table.version),
    positions: mapped(table.positions, stored),
  }));
  const what = { object, companion, rows, bytes, checksum, truncated, definitionVersion, columnsVersion, protection };
  const text: ResultText = { ...what, positions, asOf, finishedAt, expiresAt: result.expiresAt };
  return JSON.stringify(text);
}

function resultOf(text: string): Result {
  const kept = JSON.parse(text) as ResultText;
  const positions = mapped(
    kept.positions,
    (table): TablePositions => ({ version: exact(table.version), positions: mapped(table.positions, exact) }),
  );
  return { ...kept, positions };
}

const stored = (value: number | bigint): number | string => (typeof value === 'bigint' ? String(value) : value);
const exact = (value: number | string): number | bigint => (typeof value === 'string' ? BigInt(value) : value);

function mapped<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** The columns of REQUEST, in this order: times and numbers as in `Request`, the rest as the texts above. */
export const REQUEST = `id, tenant, report, hash, generation, asked, max_attempts, estimate_rows, schedule_id, due_at, state,
  created_at, updated_at, attempt, not_before, owner, lease_until, progress, error, result`;

export type RequestLine = readonly [
  id: string,
  tenant: string,
  report: string,
  hash: string,
  generation: number,
  asked: string,
  maxAttempts: number,
  estimateRows: number,
  scheduleId: string | null,
  dueAt: number | null,
  state: RequestState,
  createdAt: number,
  updatedAt: number,
  attempt: number,
  notBefore: number,
  owner: string | null,
  leaseUntil: number | null,
  progress: number,
  error: string | null,
  result: string | null,
];

export function requestOf(line: RequestLine | LeasedLine): Request {
  const [id, tenant, report, hash, generation, asked, maxAttempts, estimateRows, scheduleId, dueAt, state, ...rest] =
    line;
  const [createdAt, updatedAt, attempt, notBefore, owner, leaseUntil, progress, error, result] = rest;
  return {
    id,
    tenant,
    report,
    hash,
    generation,
    ...(JSON.parse(asked) as AskedText),
    maxAttempts,
    estimateRows,
    schedule: scheduleId === null || dueAt === null ? null : { id: scheduleId, dueAt },
    state,
    createdAt,
    updatedAt,
    attempt,
    notBefore,
    owner,
    leaseUntil,
    progress,
    error: error === null ? null : (JSON.parse(error) as RequestError),
    result: state === 'done' && result !== null ? resultOf(result) : null,
  };
}

export function heldOf(line: RequestLine): Held {
  const { state, attempt, owner, error } = requestOf(line);
  const result = line[19];
  return { state, attempt, owner, error, object: result === null ? null : resultOf(result).object };
}

/** The columns of REQUEST and the secret. */
export type LeasedLine = readonly [...RequestLine, secret: string | null];

export function leasedOf(line: LeasedLine): LeasedRequest {
  return { ...requestOf(line), secret: line[20] };
}

/** The columns of REQUEST; all of them null if no request was made. */
export type FiredLine = RequestLine | readonly null[];

export function firedOf(line: FiredLine): Request | undefined {
  return isRequest(line) ? requestOf(line) : undefined;
}

function isRequest(line: FiredLine): line is RequestLine {
  return line[0] !== null;
}

export type RemovableLine = readonly [tenant: string, id: string, result: string];

export function expiredOf([tenant, id, result]: RemovableLine): Expired {
  const { object, companion } = resultOf(result);
  return { tenant, id, objects: companion === null ? [object] : [object, companion] };
}

export function attemptStateOf(request: Request | undefined, attempt: number): 'running' | 'listed' | 'over' {
  if (request?.attempt !== attempt) return 'over';
  if (request.state === 'running') return 'running';
  return request.state === 'done' ? 'listed' : 'over';
}

/** The columns of SCHEDULE, in this order. */
export const SCHEDULE = `tenant, id, report, asked, max_attempts, estimate_rows, cron, zone, catch_up, enabled, last_at,
  next_at, error, secret, revision`;

export type ScheduleLine = readonly [
  tenant: string,
  id: string,
  report: string,
  asked: string,
  maxAttempts: number,
  estimateRows: number,
  cron: string,
  zone: string,
  catchUp: CatchUp,
  enabled: number | boolean,
  lastAt: number | null,
  nextAt: number | null,
  error: string | null,
  secret: string | null,
  revision: number,
];

export function scheduleOf(line: ScheduleLine): Schedule {
  const [tenant, id, report, asked, maxAttempts, estimateRows, cron, zone, catchUp, enabled, lastAt, ...rest] = line;
  const [nextAt, error, secret] = rest;
  return {
    tenant,
    id,
    report,
    ...(JSON.parse(asked) as AskedText),
    maxAttempts,
    estimateRows,
    cron,
    zone,
    catchUp,
    enabled: Boolean(enabled),
    hasSecret: secret !== null,
    lastAt,
    nextAt,
    error: error === null ? null : (JSON.parse(error) as RequestError),
  };
}

/** A schedule as it was read. A change has lost if it finds another revision or due time. */
export interface ReadSchedule {
  readonly schedule: DueSchedule;
  readonly revision: number;
}

/** A step of a schedule from one due time to the next. */
export interface Move {
  readonly read: ReadSchedule;
  /** The due time that the schedule must still have. */
  readonly from: number;
  readonly to: number;
}

/** The state that a change of this due schedule must name. */
export function readOf(line: ScheduleLine): ReadSchedule {
  const schedule = scheduleOf(line);
  const [secret, revision] = [line[13], line[14]];
  return { schedule: { ...schedule, secret, nextAt: schedule.nextAt ?? 0 } satisfies DueSchedule, revision };
}

const LARGEST_PAGE = 1000;

/** The position after which a page begins: a request's time of creation and its id. */
export type After = readonly [createdAt: number, id: string];

function cursorOf({ createdAt, id }: Request): string {
  return Buffer.from(JSON.stringify([createdAt, id] satisfies After)).toString('base64url');
}

/**
 * Filters whose answers together are the answer to this one: one for each state, so that an index provides the order
 * and rare states are not sought among all requests of a tenant. A filter by asker stays whole, because an asker has
 * few requests.
 */
export function branchesOf(filter: RequestFilter): readonly RequestFilter[] {
  if (filter.states === undefined) return [filter];
  const states = [...new Set(filter.states)];
  const isWhole = filter.asker !== undefined || states.length < 2;
  return isWhole ? [{ ...filter, states }] : states.map((state) => ({ ...filter, states: [state] }));
}

/** `found` may have one request more than `limit`, which shows that there is a next page. */
export function pageOf(found: readonly Request[], limit: number): RequestPage {
  const requests = found.slice(0, limit);
  const last = requests.at(-1);
  return { requests, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** Throws USAGE for an impossible page. */
export function checkPage(page: { limit: number; cursor?: string | null }): After | undefined {
  checkWhole('the limit of a page', page.limit, 1);
  if (page.limit > LARGEST_PAGE) {
    throw new TributaryError('USAGE', `a page of ${page.limit} requests is too large; ask for ${LARGEST_PAGE} at most`);
  }
  if (page.cursor === undefined || page.cursor === null) return undefined;
  try {
    const [createdAt, id, ...more] = JSON.parse(Buffer.from(page.cursor, 'base64url').toString()) as [number, string];
    checkWhole('the time of a cursor', createdAt, 0);
    checkText('the id of a cursor', id);
    if (more.length === 0) return [createdAt, id];
  } catch {
    // Whatever is wrong with the cursor, the caller can only do one thing.
  }
  throw new TributaryError('USAGE', 'this is not a cursor of a list of requests; begin at the first page');
}
