/** `tributary up`: all jobs in one process. */
import type { Run } from '../context.ts';
import { serveJobs } from '../serve-jobs.ts';

export const run: Run<Record<never, never>> = (context) => serveJobs(context, context.wired.jobs);
