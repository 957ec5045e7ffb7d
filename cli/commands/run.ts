/** `tributary run <job...>`: some jobs in one process. */
import type { Run } from '../context.ts';
import { jobNamed } from '../names.ts';
import { serveJobs } from '../serve-jobs.ts';

export const run: Run<{ jobs: readonly string[] }> = (context, { jobs }) => {
  const named = new Set(jobs.map((name) => jobNamed(name, context.wired.jobs)));
  return serveJobs(context, [...named]);
};
