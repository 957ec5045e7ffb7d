/** One measurement of reports in its own process; prints one JSON line. Another process prepared the folder before. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Wired } from '../../app/stores/wiring.ts';
import { type CommandName, execute } from '../../cli/commands.ts';
import { openDuckDb } from '../../duckdb/database.ts';
import { WORKER_DEFAULTS } from '../../reports/worker/settings.ts';
import { deltaTable, filesOf, pinFiles } from '../../sinks/delta/index.ts';
import { segmentCache } from '../../sinks/segments/cache.ts';
import { segmentsSql } from '../../sinks/segments/source.ts';
import { GROUPED_SQL, layLearners, laySessions, opened, SESSIONS, SORTED_SQL } from './reports-world.ts';

/** `lay`: makes the data for the others. `copy`: DuckDB's own CSV of the query. `worker`: one request. `first-byte`: small requests. */
export interface ReportAsked {
  readonly what: 'lay' | 'copy' | 'worker' | 'first-byte';
  readonly folder: string;
  readonly rows: number;
  readonly learners: number;
  readonly report?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly format?: string;
}
export interface ReportMeasured {
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly peakMb: number;
  readonly rows: number;
  readonly bytes: number;
  /** From the request to the first byte of the file, in ms. */
  readonly firstByteMs: readonly number[];
}

const NOTHING: ReportMeasured = { cpuSeconds: 0, seconds: 0, peakMb: 0, rows: 0, bytes: 0, firstByteMs: [] };
const SMALL_REPORTS = 40;

const asked = JSON.parse(process.argv[2] ?? '') as ReportAsked;
const peakMb = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

/** Runs a command of the command line in this process. */
function started(wired: Wired, name: CommandName, args: unknown, signal = new AbortController().signal) {
  let text = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const context = { wired, stdin: Readable.from([]), stdout, stderr: process.stderr, signal };
  return execute(name, args, context, true).then((code) => ({ code, text }));
}

async function requested(wired: Wired, report: string, { parameters = {}, format = 'csv' }: Partial<ReportAsked>) {
  const caller = { tenant: 'default', requestedBy: 'bench', roles: ['analyst', 'operator'], freshMs: 0 };
  const plain = { options: {}, columns: null, protection: { kind: 'none' }, rowLimit: null };
  const request = { report, parameters, format, ...caller, ...plain };
  const args = { asked: request, wait: false, out: null, json: false, progress: false };
  const { code, text } = await started(wired, 'report request', args);
  if (code !== 0) throw new Error(`${report} was refused`);
  return text.trim();
}

async function ended({ requests }: Wired, id: string, lookMs: number) {
  for (;;) {
    const request = await requests.get('default', id);
    if (request?.state === 'failed') throw new Error(JSON.stringify(request.error));
    if (request?.result) return request.result;
    await sleep(lookMs);
  }
}

/** Runs the command `report worker` in this process until `work` is done. */
async function withWorker<T>(wired: Wired, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const worker = started(wired, 'report worker', {}, stop.signal);
  try {
    return await work();
  } finally {
    stop.abort();
    await worker;
  }
}

async function oneReport(wired: Wired): Promise<ReportMeasured> {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  const { rows, bytes } = await withWorker(wired, async () =>
    ended(wired, await requested(wired, asked.report ?? '', asked), 50),
  );
  return { ...NOTHING, ...usedSince(cpu, began), rows, bytes };
}

/** Times until a file can be read. The worker is idle and polls for requests, so requests are made at random times. */
async function firstBytes(wired: Wired): Promise<ReportMeasured> {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  const firstByteMs = await withWorker(wired, async () => {
    const times: number[] = [];
    for (let i = 0; i <= SMALL_REPORTS; i++) {
      await sleep(Math.random() * WORKER_DEFAULTS.lookMs);
      const asking = performance.now();
      const { object } = await ended(wired, await requested(wired, asked.report ?? '', asked), 2);
      for await (const _ of await wired.objects.get(object)) break;
      times.push(performance.now() - asking);
    }
    return times;
  });
  return { ...NOTHING, ...usedSince(cpu, began), firstByteMs };
}

function usedSince(before: NodeJS.CpuUsage, began: number) {
  const { user, system } = process.cpuUsage(before);
  return { cpuSeconds: (user + system) / 1e6, seconds: (performance.now() - began) / 1000, peakMb: peakMb() };
}

/** DuckDB alone, over the same segments, with the memory of interactive queries: twice that of reports. */
async function copied({ config, objects }: Wired): Promise<ReportMeasured> {
  const [cpu, began] = [process.cpuUsage(), performance.now()];
  const cache = segmentCache({ folder: join(config.data, 'query', 'segments'), objects, maxBytes: 4e9 });
  const memoryBytes = config.duckMemoryMb * 1_000_000;
  const duck = await openDuckDb({ folder: join(config.data, 'copying'), readable: [cache.folder], memoryBytes });
  const table = `${SESSIONS.prefix}/g1`;
  const snapshot = await deltaTable({ objects, duck, table, now: Date.now, engine: 'bench' }).refresh();
  await using pinned = await pinFiles(cache, snapshot, filesOf(snapshot));
  const path = duck.file('csv');
  const sql = asked.parameters?.['grouped'] === 'true' ? GROUPED_SQL : SORTED_SQL;
  const from = `(${segmentsSql(SESSIONS.layout, pinned.paths)})`;
  await duck.using((connection) =>
    connection.run(`COPY (${sql.replace('sessions__rollup', from)}) TO '${path}' (FORMAT csv, HEADER)`),
  );
  const bytes = statSync(path).size;
  const used = usedSince(cpu, began);
  await duck.close();
  return { ...NOTHING, ...used, bytes };
}

async function laid(wired: Wired): Promise<ReportMeasured> {
  await laySessions(wired, asked.rows);
  await layLearners(wired, asked.learners);
  return NOTHING;
}

const MEASURED = { lay: laid, copy: copied, worker: oneReport, 'first-byte': firstBytes };
const wired = await opened(asked.folder);
const result = await MEASURED[asked.what](wired);
await wired.close();
process.stdout.write(`${JSON.stringify(result)}\n`);
