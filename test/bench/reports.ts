/**
 * `npm run bench:reports [-- rows [learners [times]]]`: what reports cost from the request to the file, through a report worker. Each
 * measurement has its own process. Reports of a million sorted rows are compared with DuckDB's COPY of the same query in the same run;
 * the median of three runs counts.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReportAsked, ReportMeasured } from './reports-work.ts';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const LEARNERS = Number(process.argv[3] ?? 100_000);
const TIMES = Number(process.argv[4] ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'tributary-reports-'));

function measured(asked: Pick<ReportAsked, 'what'> & Partial<ReportAsked>): ReportMeasured {
  const path = fileURLToPath(new URL('reports-work.ts', import.meta.url));
  const all: ReportAsked = { folder, rows: ROWS, learners: LEARNERS, ...asked };
  // The command line runs with this flag.
  const text = execFileSync(process.execPath, ['--max-semi-space-size=8', path, JSON.stringify(all)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(text) as ReportMeasured;
}

function middle(asked: Parameters<typeof measured>[0]): ReportMeasured {
  const runs = Array.from({ length: TIMES }, () => measured(asked)).sort((a, b) => a.cpuSeconds - b.cpuSeconds);
  // The memory limit must hold in every run.
  return { ...(runs[TIMES >> 1] as ReportMeasured), peakMb: Math.max(...runs.map(({ peakMb }) => peakMb)) };
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

function line(name: string, { cpuSeconds, peakMb, bytes, rows }: ReportMeasured, copy?: ReportMeasured): void {
  const ratio = copy === undefined ? '' : `, ${(cpuSeconds / copy.cpuSeconds).toFixed(1)} times COPY`;
  const rate = rows === 0 ? '' : `, ${whole(rows / cpuSeconds)} rows a CPU second`;
  console.log(
    `  ${name.padEnd(32)} ${cpuSeconds.toFixed(2).padStart(6)} CPU s${ratio}${rate}, ${whole(peakMb)} MB at most, ${whole(bytes / 1e6)} MB written`,
  );
}

try {
  measured({ what: 'lay' });
  for (const grouped of ['false', 'true']) {
    const parameters = { grouped };
    console.log(`${whole(ROWS)} rows, ${grouped === 'true' ? 'grouped and sorted' : 'sorted'}`);
    const copy = middle({ what: 'copy', parameters });
    line('COPY to CSV', copy);
    for (const format of ['csv', 'xlsx']) {
      line(format, middle({ what: 'worker', report: 'sessions-by-seconds', parameters, format }), copy);
    }
  }
  console.log(`progress of a batch of ${whole(LEARNERS)} learners, read by key`);
  for (const format of ['csv', 'xlsx']) {
    line(format, middle({ what: 'worker', report: 'learner-progress', parameters: { batchId: 'spring' }, format }));
  }
  console.log('from a request to the first byte of its file, the worker idle');
  for (const report of ['lag', 'sessions-by-day']) {
    const [first = 0, ...later] = measured({ what: 'first-byte', report }).firstByteMs;
    const sorted = later.sort((a, b) => a - b);
    const at = (part: number): string => whole(sorted[Math.floor(part * (sorted.length - 1))] ?? 0);
    console.log(`  ${report.padEnd(32)} first ${whole(first)} ms; then median ${at(0.5)} ms, at most ${at(1)} ms`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
