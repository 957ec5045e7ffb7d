/**
 * One attempt at a request: its rows become a file in the objects, under a name unique to the attempt. Meanwhile the lease is renewed. If
 * the lease is lost, or the request is cancelled, the attempt ends within a second. Only `finish` makes the file the one of the request,
 * and only for the attempt that has the lease. So two workers cannot mix their files.
 */
import { createHash } from 'node:crypto';
import { kindOf, messageOf, TributaryError } from '../../core/errors.ts';
import { backOff } from '../../jobs/runtime/back-off.ts';
import type { Clock } from '../../jobs/runtime/stores.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import type { Lease, LeasedRequest, NewResult, RequestError, Requests } from '../../sinks/requests/port.ts';
import { companionOf, objectOf } from '../../sinks/requests/rules.ts';
import { goingOnWith } from '../../topics/tracing/carried.ts';
import { inSpan } from '../../topics/tracing/work.ts';
import type { ParameterValues, Report } from '../define-report.ts';
import type { AboutFile } from '../files/about.ts';
import { descriptionOf, fileOf, fileOfLines } from '../files/file.ts';
import type { FileFormat, FileSpec, Protection } from '../files/format.ts';
import { type FileOptions, parseFileOptions } from '../files/options.ts';
import { columnsVersion } from '../requesting/asking.ts';
import { reportNamed } from '../requesting/named.ts';
import { resolved } from '../requesting/parameters.ts';
import { type ReportRows, type RowSources, rowsOf } from '../requesting/rows.ts';
import { requestUse, type SealingKeys } from '../requesting/sealing.ts';
import { heldLease } from './held-lease.ts';
import type { WorkerSettings } from './settings.ts';

export interface AttemptParts {
  readonly requests: Requests;
  readonly objects: Objects;
  readonly sources: RowSources;
  readonly reports: readonly Report[];
  readonly keys: SealingKeys | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: WorkerSettings;
}

/** How an attempt ended. `lost`: another worker has the request. `stopped`: the worker had to stop. */
export type Outcome =
  | { readonly kind: 'done'; readonly result: NewResult }
  /** `cause`: the original error, if it is not a TributaryError. */
  | { readonly kind: 'failed'; readonly error: RequestError; readonly retryAt: number | null; readonly cause?: unknown }
  | { readonly kind: 'cancelled' | 'lost' | 'stopped' };

/**
 * Throws only if the outcome of the attempt is not known. Then its lease runs out and its object stays, since it may be the file of the
 * request. If it is not, it is swept.
 */
export function attempt(request: LeasedRequest, parts: AttemptParts, stop: AbortSignal): Promise<Outcome> {
  const { id, attempt: number, report, trace } = request;
  const attributes = { 'tributary.request': id, 'tributary.attempt': number };
  return inSpan(`attempt ${report}`, { from: goingOnWith(trace), attributes }, async (span) => {
    const outcome = await attempted(request, parts, stop);
    span.set({ 'tributary.outcome': outcome.kind });
    if (outcome.kind === 'failed') span.fail();
    return outcome;
  });
}

async function attempted(request: LeasedRequest, parts: AttemptParts, stop: AbortSignal): Promise<Outcome> {
  const { requests, clock } = parts;
  const lease: Lease = { id: request.id, owner: request.owner as string, attempt: request.attempt };
  await using held = heldLease(lease, request.leaseUntil as number, parts, stop);
  let result: NewResult;
  try {
    result = await written(request, parts, held);
  } catch (error) {
    await removed(request, parts);
    if (held.ended === 'stopped') return stopped(lease, held.last, parts);
    if (held.ended !== undefined) return { kind: held.ended };
    return unlessLost(() => failed(request, lease, { error, last: held.last }, parts));
  }
  const outcome = await unlessLost(async () => {
    const finishing = () => held.last(() => requests.finish(lease, clock.now(), result));
    const finished = await inSpan('finish', {}, finishing);
    return finished === 'held' ? { kind: 'done', result } : { kind: 'cancelled' };
  });
  if (outcome.kind !== 'done') await removed(request, parts);
  return outcome;
}

async function unlessLost(end: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await end();
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'LEASE_LOST') return { kind: 'lost' };
    throw error;
  }
}

/** Removes whatever it had written, since nothing will ever refer to it. What cannot be removed now is swept later. */
async function removed({ id, attempt }: LeasedRequest, { objects }: AttemptParts): Promise<void> {
  await Promise.allSettled([objects.remove(objectOf(id, attempt)), objects.remove(companionOf(id, attempt))]);
}

type Last = ReturnType<typeof heldLease>['last'];

async function failed(
  { id, attempt, report }: LeasedRequest,
  lease: Lease,
  { error, last }: { error: unknown; last: Last },
  { requests, clock, settings, random }: AttemptParts,
): Promise<Outcome> {
  const now = clock.now();
  const isTemporary = kindOf(error) === 'retry';
  const retryAt = isTemporary ? now + backOff(attempt, settings.backOffMs, random) : null;
  const described = requestError(error, { id, report });
  const outcome = await last(() => requests.fail(lease, now, described, retryAt));
  if (outcome === 'cancelled') return { kind: 'cancelled' };
  return { kind: 'failed', error: described, retryAt, ...(!(error instanceof TributaryError) && { cause: error }) };
}

/** Another worker starts again at once. The report did not fail, so this uses up none of its attempts. */
async function stopped(lease: Lease, last: Last, { requests, clock }: AttemptParts): Promise<Outcome> {
  await last(() => requests.release(lease, clock.now()));
  return { kind: 'stopped' };
}

/** The error as shown to askers. Any other error is a bug, and its message may contain anything. */
function requestError(error: unknown, { id, report }: { id: string; report: string }): RequestError {
  if (error instanceof TributaryError) return { code: error.code, message: error.message };
  return {
    code: 'REPORT_FAILED',
    message: `${report} failed with an unexpected error: ${messageOf(error).split('\n')[0]?.slice(0, 200)}`,
    whatToDo: `Tell the maintainer of the report; the log of the worker has more under ${id}.`,
  };
}

interface Written {
  /** Aborted when the attempt has to end. */
  readonly signal: AbortSignal;
  progress(rows: number): void;
}

async function written(request: LeasedRequest, parts: AttemptParts, held: Written): Promise<NewResult> {
  const { objects, sources, reports, clock, settings } = parts;
  const { id, attempt, tenant } = request;
  const report = reportNamed(request.report, reports);
  const askedAt = request.schedule?.dueAt ?? request.createdAt;
  const values = resolved(report, JSON.parse(request.parameters) as ParameterValues, askedAt);
  const protection = protectionOf(request, parts);
  const asOf = clock.now();
  const { signal } = held;
  const options = optionsOf(request);
  const csv = request.format === 'csv' ? { csv: options } : {};
  const reading = { report, tenant, values, columns: request.columns, signal, ...csv };
  await using rows = await inSpan('open rows', {}, () => rowsOf(reading, sources));
  const about = aboutOf(report, { values, rows, asOf });
  const spec = specOf(request, { about, options, protection, rows });
  const file = (rows.areLines ? fileOfLines : fileOf)(
    spec as FileSpec & { format: 'csv' },
    stoppable(rows.pages, signal),
    (count) => held.progress(count),
  );
  const [object, companion] = [objectOf(id, attempt), companionOf(id, attempt)];
  const { bytes, hash, length } = hashed(file.bytes, signal);
  await inSpan('write file', {}, () => objects.put(object, bytes));
  const counted = file.result();
  const description = descriptionOf(spec, counted);
  if (description !== undefined) await objects.put(companion, description);
  signal.throwIfAborted();
  return {
    object,
    companion: description === undefined ? null : companion,
    rows: counted.rows,
    bytes: length(),
    checksum: hash(),
    truncated: counted.truncated,
    definitionVersion: String(report.version),
    columnsVersion: about.columnsVersion,
    protection: protection.kind,
    positions: rows.reflected,
    asOf,
    expiresAt: clock.now() + settings.keepMs,
  };
}

function protectionOf(request: LeasedRequest, { keys }: AttemptParts): Protection {
  const { id, protection, secret } = request;
  if (protection.kind === 'none') return { kind: 'none' };
  if (keys === undefined || secret === null) {
    throw new TributaryError(
      'CONFIG_INVALID',
      `the request ${id} is for a protected file, and this worker has no reportSecret: give it that of the other workers`,
    );
  }
  return JSON.parse(keys.open(secret, requestUse(request))) as Protection;
}

interface Reflecting {
  readonly values: ParameterValues;
  readonly rows: ReportRows;
  readonly asOf: number;
}

function aboutOf(report: Report, { values, rows, asOf }: Reflecting): AboutFile {
  const { name, title, version, parameters } = report;
  return {
    report: name,
    title,
    definitionVersion: version,
    columnsVersion: columnsVersion(rows.columns),
    columns: rows.columns,
    parameters: Object.entries(values).map(([name, value]) => ({
      name,
      value,
      ...(parameters[name]?.personal && { personal: true }),
    })),
    asOf,
    sources: Object.entries(rows.reflected).map(([table, { version, positions }]) => ({
      table,
      version: Number(version),
      positions: Object.fromEntries(Object.entries(positions).map(([log, offset]) => [log, Number(offset)])),
    })),
  };
}

/** The options were checked when the report was requested. */
function optionsOf({ options }: LeasedRequest): FileOptions {
  const parsed = parseFileOptions(options);
  if ('value' in parsed) return parsed.value;
  throw new TributaryError('USAGE', `the options of the file are wrong: ${parsed.problems.join('; ')}`);
}

interface SpecParts {
  readonly about: AboutFile;
  readonly options: FileOptions;
  readonly protection: Protection;
  readonly rows: ReportRows;
}

function specOf(request: LeasedRequest, { about, options, protection, rows }: SpecParts): FileSpec {
  const { report: name, format, rowLimit } = request;
  return { format: format as FileFormat, columns: rows.columns, options, protection, name, rowLimit, about };
}

async function* stoppable<T>(pages: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const page of pages) {
    signal.throwIfAborted();
    yield page;
  }
}

function hashed(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal) {
  const sum = createHash('sha256');
  let count = 0;
  async function* passed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      signal.throwIfAborted();
      sum.update(chunk);
      count += chunk.length;
      yield chunk;
    }
    // An object that completes after its attempt has ended would have to be removed again.
    signal.throwIfAborted();
  }
  return { bytes: passed(), hash: () => sum.digest('hex'), length: () => count };
}
