/**
 * `npm run bench:files [-- rows]`: what report files of a million rows cost, as ratios to DuckDB's COPY into CSV in the same run; for
 * protected files also to gzip of the same file. Each measurement runs three times in its own process, and the median counts.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FileAsked, FileWritten } from './files-write.ts';

const ROWS = Number(process.argv[2] ?? 1_000_000);

function measured(asked: FileAsked): FileWritten {
  const path = fileURLToPath(new URL('files-write.ts', import.meta.url));
  // The command line runs with this flag.
  const text = execFileSync(process.execPath, ['--max-semi-space-size=8', path, JSON.stringify(asked)], {
    encoding: 'utf8',
  });
  return JSON.parse(text) as FileWritten;
}

function middle(what: FileAsked['what'], protection: FileAsked['protection'], asWorker = false): FileWritten {
  const run = (): FileWritten => measured({ rows: ROWS, what, protection, asWorker });
  return [run(), run(), run()].sort((a, b) => a.cpuSeconds - b.cpuSeconds)[1] as FileWritten;
}

const number = (value: number): string => Math.round(value).toLocaleString('en');
const copy = middle('copy', 'none');

function line(name: string, { cpuSeconds, peakMb, bytes }: FileWritten, gzip?: FileWritten): void {
  const ratio = (cpuSeconds / copy.cpuSeconds).toFixed(1);
  const toGzip = gzip === undefined ? '' : `, ${(cpuSeconds / gzip.cpuSeconds).toFixed(1)} times gzip`;
  console.log(
    `  ${name.padEnd(22)} ${cpuSeconds.toFixed(2).padStart(6)} CPU s, ${ratio.padStart(5)} times COPY${toGzip}, ${number(peakMb).padStart(4)} MB at most, ${number(bytes / 1e6)} MB written`,
  );
}

console.log(`report files, ${number(ROWS)} rows of 8 columns`);
line('COPY to CSV', copy);
for (const what of ['rows', 'lines', 'csv', 'ndjson', 'xlsx', 'parquet'] as const) line(what, middle(what, 'none'));
line('xlsx, as a worker', middle('xlsx', 'none', true));
const gzip = middle('lines', 'gzip');
line('lines, gzip', gzip);
for (const protection of ['zip', 'age', 'passphrase'] as const)
  line(`lines, ${protection}`, middle('lines', protection), gzip);
