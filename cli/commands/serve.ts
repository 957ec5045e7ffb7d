/** `tributary serve`: only the HTTP service. */
import type { Run } from '../context.ts';
import { runJobs } from './run.ts';

export const run: Run<Record<never, never>> = (context) =>
  runJobs(context, { jobs: [], reports: false, service: true });
