/** `tributary run <job...>`: some jobs in one process. */
import { serveJobs } from '../../app/serving.ts';
import type { Job } from '../../jobs/define.ts';
import { type Context, print, type Run } from '../context.ts';
import { FAILED } from '../errors.ts';
import { jobNamed } from '../names.ts';

export const run: Run<{ jobs: readonly string[] }> = (context, { jobs }) => {
  const named = new Set(jobs.map((name) => jobNamed(name, context.wired.platform.jobs)));
  return runJobs(context, [...named]);
};

/** Runs jobs until the command shall end, and answers its exit code. */
export async function runJobs(context: Context, jobs: readonly Job[]): Promise<number | undefined> {
  const { wired, stderr, signal } = context;
  const succeeded = await serveJobs({ wired, stderr, signal, say: (line) => print(context, line) }, jobs);
  return succeeded ? undefined : FAILED;
}
