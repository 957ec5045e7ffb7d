/** `tributary rebuild-views`: writes all view records again, from the rows. Why that is safe: `jobs/runtime/rows/views/rebuild.ts`. */
import type { Writable } from 'node:stream';
import { jobNamed } from '../../app/platform/names.ts';
import { VIEW_STORES, type ViewStore } from '../../app/stores/view-stores.ts';
import type { Job } from '../../jobs/define.ts';
import { type Rebuilt, rebuildViews } from '../../jobs/runtime/rows/views/rebuild.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { type Context, printJson, printTable, type Run } from '../context.ts';
import { FAILED, usage } from '../errors.ts';

interface Args {
  readonly jobs: readonly string[];
  readonly only: readonly ViewStore[];
  readonly json: boolean;
}

const FAILURES_SHOWN = 20;

export const run: Run<Args> = async (context, { jobs: names, only: stores, json }) => {
  const { wired, signal, stderr } = context;
  const only = new Set(stores.length === 0 ? Object.values(VIEW_STORES) : stores.map((store) => VIEW_STORES[store]));
  const shows = ({ views }: Job): boolean => views.some(({ into }) => only.has(into.kind));
  const chosen =
    names.length === 0 ? wired.platform.jobs : [...new Set(names.map((name) => jobNamed(name, wired.platform.jobs)))];
  const shown = chosen.filter(shows);
  if (shown.length === 0) throw usage(`none of these jobs has views in ${stores.join(' or ')}`);
  const progress = progressOn(stderr);
  const runtime = wired.runtime(SILENT);
  const done: Rebuilt[] = [];
  let failures = 0;
  try {
    for (const job of shown) {
      const rebuilt = await rebuildViews(job, runtime, {
        only,
        signal,
        progress: progress.tell,
        failed(view, key, why) {
          failures += 1;
          if (failures <= FAILURES_SHOWN) progress.line(`not in ${view}: ${key}: ${why}`);
          if (failures === FAILURES_SHOWN + 1) progress.line('… and more, which are only counted');
        },
        waiting: ({ code, message }, delayMs) => progress.line(`${code}: ${message}; again in ${delayMs} ms`),
      });
      done.push({ ...rebuilt });
    }
  } finally {
    progress.end();
  }
  if (json) await printJson(context, done);
  else await summary(context, done);
  return failures === 0 ? undefined : FAILED;
};

async function summary(context: Context, done: readonly Rebuilt[]): Promise<void> {
  const rows = done.map(({ job, rows, written, newer, removed, failed }) => [
    job,
    rows,
    written,
    newer,
    removed,
    failed,
  ]);
  await printTable(context, ['job', 'rows', 'records written', 'newer already', 'removed', 'failed'], rows);
}

const CLEAR = '\r\u001b[K';
const [TERMINAL_MS, LINE_MS] = [200, 10_000];

/** On a terminal, one line that changes; elsewhere, a new line every ten seconds. */
function progressOn(output: Writable & { readonly isTTY?: boolean }) {
  const isTerminal = output.isTTY === true;
  const clear = isTerminal ? CLEAR : '';
  let next = performance.now() + (isTerminal ? 0 : LINE_MS);
  let begun = performance.now();
  let job = '';
  return {
    tell(so: Rebuilt): void {
      const now = performance.now();
      if (so.job !== job) [job, begun] = [so.job, now];
      if (now < next) return;
      next = now + (isTerminal ? TERMINAL_MS : LINE_MS);
      const perSecond = Math.round((so.rows * 1000) / Math.max(1, now - begun));
      const number = (value: number): string => value.toLocaleString('en');
      const text = `${so.job}: ${number(so.rows)} rows (${number(perSecond)}/s), ${number(so.written)} records written`;
      output.write(`${clear}${text}${isTerminal ? '' : '\n'}`);
    },
    line: (text: string): void => void output.write(`${clear}${text}\n`),
    end: (): void => void output.write(clear),
  };
}
