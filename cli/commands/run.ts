/** `tributary run <job...>`: some jobs in one process. */
import { serveJobs } from '../../app/serving.ts';
import { type AnyWork, possibleWorksOf } from '../../app/works.ts';
import { type Context, print, type Run } from '../context.ts';
import { FAILED } from '../errors.ts';
import { workNamed } from '../names.ts';

export const run: Run<{ jobs: readonly string[] }> = (context, { jobs }) => {
  const named = new Set(jobs.map((name) => workNamed(name, possibleWorksOf(context.wired.platform))));
  return runJobs(context, [...named]);
};

/** Runs jobs until the command shall end, and answers its exit code. */
export async function runJobs(context: Context, jobs: readonly AnyWork[]): Promise<number | undefined> {
  const { wired, stderr, signal } = context;
  const succeeded = await serveJobs({ wired, stderr, signal, say: (line) => print(context, line) }, jobs);
  return succeeded ? undefined : FAILED;
}
