/** `tributary lag`: shows how far behind each job is, or waits until none is. */

import { type JobLag, lagsOf } from '../../app/groups/job-lags.ts';
import { pauseText } from '../../app/groups/pauses.ts';
import { workNamed } from '../../app/platform/names.ts';
import { groupsOf, possibleGroupsOf } from '../../app/platform/works.ts';
import type { Failure } from '../../app/run/running-jobs.ts';
import { TributaryError } from '../../core/errors.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { type Context, endOf, GoOn, print, type Run } from '../context.ts';
import { paintOf } from '../output/colors.ts';
import { type Form, printListing } from '../output/listing.ts';
import { type ProgressLine, progressLine } from '../output/progress-line.ts';

interface Args extends Form {
  /** Empty: all jobs. */
  readonly jobs: readonly string[];
  readonly wait: boolean;
  readonly timeoutMs: number;
  /** Whether progress is shown on a terminal. */
  readonly progress: boolean;
}

const LOOK_AGAIN_MS = 50;

export const run: Run<Args> = async (context, args) => {
  const { jobs, wait, timeoutMs } = args;
  const { wired } = context;
  const possible = possibleGroupsOf(wired.platform);
  const chosen = jobs.length === 0 ? groupsOf(wired) : [...new Set(jobs)].map((name) => workNamed(name, possible));
  const names = chosen.map(({ name }) => name);
  const paint = paintOf(args.colors === true);
  const giveUpAt = performance.now() + timeoutMs;
  const line = progressLine(context.stderr, args.progress);
  const lags = wait
    ? await waitForAll(context, names, { giveUpAt, timeoutMs, line }).finally(() => line.clear())
    : await lagsOf(wired, names);
  if (lags === undefined) return new GoOn({ ...args, timeoutMs: Math.max(1, Math.ceil(giveUpAt - performance.now())) });
  const rows = lags.map((each) => {
    const behind = each.partitions.filter(({ lag }) => lag > 0);
    return [each.job, each.topic, each.lag, behind.map(({ partition }) => partition).join(' ')];
  });
  const style = (row: number) => (lags[row]?.failed !== null ? 'red' : (lags[row]?.lag ?? 0) > 0 ? 'yellow' : 'green');
  await printListing(context, args, { head: ['job', 'topic', 'behind', 'in partitions'], rows, json: lags, style });
  if (!args.json && args.csv !== true) {
    for (const { job, views, failed, paused } of lags) {
      if (paused !== null) await print(context, `${job} ${pauseText(paused)}`, (shown) => paint('yellow', shown));
      for (const text of viewsOf(views)) await print(context, `${job}: ${text}`, (shown) => paint('yellow', shown));
      if (failed !== null) await print(context, `${job} ${failureText(failed)}`, (shown) => paint('red', shown));
    }
  }
  return undefined;
};

/**
 * Looks until nothing is left to read twice in a row, and no topic has grown in between: a job may emit events for another job after that
 * one was looked at. Returns undefined when another process asks for the folder.
 */
async function waitForAll(
  context: Context,
  names: readonly string[],
  { giveUpAt, timeoutMs, line }: { giveUpAt: number; timeoutMs: number; line: ProgressLine },
): Promise<JobLag[] | undefined> {
  let quiet = '';
  for (;;) {
    const lags = await lagsOf(context.wired, names);
    const behind = lags.filter(({ lag, views }) => lag > 0 || viewsOf(views).length > 0);
    const state = JSON.stringify(lags.map(({ partitions }) => partitions.map(({ end }) => end)));
    if (behind.length === 0 && state === quiet) return lags;
    line.show(progressOf(behind));
    quiet = behind.length === 0 ? state : '';
    if (performance.now() > giveUpAt) {
      const progress = behind
        .map(({ job, lag, views, failed, paused }) => {
          const of = [
            `${job} by ${lag}`,
            ...viewsOf(views),
            ...(failed === null ? [] : [`it ${failureText(failed)}`]),
            ...(paused === null ? [] : [`it ${pauseText(paused)}`]),
          ];
          return of.join('; ');
        })
        .join(', ');
      throw new TributaryError(
        'LOG_AWAY',
        `after ${timeoutMs} ms still behind: ${progress || 'new records keep coming'}; is \`tributary up\` running?`,
      );
    }
    await systemClock.sleep(LOOK_AGAIN_MS, endOf(context));
    context.signal.throwIfAborted();
    if (context.handover?.aborted === true) return undefined;
  }
}

function progressOf(behind: readonly JobLag[]): string {
  const left = behind.reduce((sum, { lag }) => sum + lag, 0);
  const names = behind.map(({ job }) => job).join(' ');
  return behind.length === 0 ? 'nothing left to read' : `${left.toLocaleString('en')} behind: ${names}`;
}

const viewsOf = (views: JobLag['views']): string[] =>
  Object.entries(views).map(([view, records]) => `the view ${view} is ${records} records behind`);
const failureText = ({ code, message }: Failure): string => `failed: ${code}: ${message}`;
