/** `tributary run <job...>`: some jobs in one process. */

import { workNamed } from '../../app/platform/names.ts';
import { possibleWorksOf } from '../../app/platform/works.ts';
import { type Served, serveJobs } from '../../app/run/serving.ts';
import { type Context, print, type Run } from '../context.ts';
import { FAILED } from '../errors.ts';

export const run: Run<{ jobs: readonly string[] }> = (context, { jobs }) => {
  const named = new Set(jobs.map((name) => workNamed(name, possibleWorksOf(context.wired.platform))));
  return runJobs(context, { jobs: [...named], reports: false, service: false });
};

/** Runs jobs until the command has to end, and returns its exit code. */
export async function runJobs(context: Context, served: Served): Promise<number | undefined> {
  const { wired, stderr, signal } = context;
  const succeeded = await serveJobs({ wired, stderr, signal, say: (line) => print(context, line) }, served);
  return succeeded ? undefined : FAILED;
}
