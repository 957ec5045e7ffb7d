/** Writes a report file of rows that DuckDB makes, or lets DuckDB write it. One measurement in its own process; prints one JSON line. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { keepHeapSmall } from '../../app/run/heap.ts';
import { openDuckDb } from '../../duckdb/database.ts';
import { csvLineSql } from '../../reports/files/csv-sql.ts';
import { fileOf, fileOfLines } from '../../reports/files/file.ts';
import type { FileColumn, FileFormat, FileRow, FileSpec, Protection } from '../../reports/files/format.ts';
import { FILE_OPTIONS } from '../../reports/files/options.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { duckQueryEngine } from '../../sinks/query/duckdb/engine.ts';

/** `copy`: DuckDB's own CSV. `rows`: only reads them. `lines`: CSV from lines made in SQL. */
export interface FileAsked {
  readonly rows: number;
  readonly what: 'copy' | 'rows' | 'lines' | FileFormat;
  /** `gzip` is not a protection: it shows what compression alone costs. */
  readonly protection: 'none' | 'gzip' | 'zip' | 'age' | 'passphrase';
  /** With the DuckDB memory and the heap of a process that only makes reports. */
  readonly asWorker?: boolean;
}
export interface FileWritten {
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly bytes: number;
}

/** The default of `reportMemoryMb`. */
const WORKER_BYTES = 96_000_000;

const asked = JSON.parse(process.argv[2] ?? '') as FileAsked;

const columns: readonly FileColumn[] = [
  { name: 'learner', title: 'Learner', type: 'string' },
  { name: 'course', title: 'Course', type: 'string' },
  { name: 'views', title: 'Views', type: 'long' },
  { name: 'progress', title: 'Progress', type: 'double' },
  { name: 'score', title: 'Score', type: 'decimal' },
  { name: 'active', title: 'Active', type: 'boolean' },
  { name: 'seen', title: 'Last seen', type: 'timestamp' },
  { name: 'enrolled', title: 'Enrolled on', type: 'date' },
];
const QUERY = `SELECT 'learner-' || (i * 7919) % 1000003 AS learner, 'Course ' || i % 200 || ', part "' || i % 7 || '"' AS course, i % 1000 AS views,
  (i % 997) / 7.0::DOUBLE AS progress, ((i % 10000) / 100)::DECIMAL(12, 2) AS score, i % 3 = 0 AS active,
  to_timestamp(1790000000 + i * 13 % 30000000) AS seen, DATE '2026-01-01' + (i % 365)::INTEGER AS enrolled FROM range(${asked.rows}) r(i)`;

/** The example key in age's documentation. */
const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const SECRET = 'a password of the bench';
const PROTECTIONS: Readonly<Record<FileAsked['protection'], Protection>> = {
  none: { kind: 'none' },
  gzip: { kind: 'none' },
  zip: { kind: 'zip', password: SECRET },
  age: { kind: 'age', recipients: [RECIPIENT] },
  passphrase: { kind: 'age', passphrase: SECRET },
};

const folder = mkdtempSync(join(tmpdir(), 'tributary-files-'));

async function copied(): Promise<number> {
  const duck = await openDuckDb({ folder });
  const path = duck.file('csv');
  await duck.using((connection) => connection.run(`COPY (${QUERY}) TO '${path}' (FORMAT csv, HEADER)`));
  let bytes = 0;
  for await (const piece of duck.readFile(path)) bytes += piece.length;
  await duck.close();
  return bytes;
}

const gzipped = (bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
  Readable.from(bytes).pipe(createGzip());

async function written(): Promise<number> {
  const engine = await duckQueryEngine({
    folder,
    objects: directoryObjects(join(folder, 'objects')),
    currentTable: async () => undefined,
    now: Date.now,
    relations: [],
    location: folder,
    cacheBytes: 1,
    memoryBytes: asked.asWorker ? WORKER_BYTES : 256 * 1024 * 1024,
  });
  const line = csvLineSql(columns, FILE_OPTIONS);
  const answer = await engine.query(asked.what === 'lines' ? `SELECT ${line} AS line FROM (${QUERY})` : QUERY);
  const pages = answer.pages as AsyncIterable<readonly FileRow[]>;
  let bytes = 0;
  if (asked.what === 'rows') {
    for await (const page of pages) bytes += page.length;
  } else {
    const about = {
      report: 'bench',
      title: 'Bench',
      definitionVersion: 1,
      columnsVersion: '1',
      columns: [],
      parameters: [],
    };
    const rest = {
      columns,
      options: FILE_OPTIONS,
      protection: PROTECTIONS[asked.protection],
      name: 'bench',
      rowLimit: asked.rows,
      about: { ...about, asOf: 1_790_000_000_000, sources: [] },
    } satisfies Partial<FileSpec>;
    const file =
      asked.what === 'lines'
        ? fileOfLines({ ...rest, format: 'csv' }, pages)
        : fileOf({ ...rest, format: asked.what as FileFormat }, pages);
    const pieces = asked.protection === 'gzip' ? gzipped(file.bytes) : file.bytes;
    for await (const piece of pieces) bytes += piece.length;
  }
  await engine.close();
  return bytes;
}

if (asked.asWorker) keepHeapSmall();
const cpu = process.cpuUsage();
const bytes = await (asked.what === 'copy' ? copied() : written());
const { user, system } = process.cpuUsage(cpu);
rmSync(folder, { recursive: true });
const result: FileWritten = {
  cpuSeconds: (user + system) / 1e6,
  peakMb: process.resourceUsage().maxRSS / 1024,
  bytes,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
