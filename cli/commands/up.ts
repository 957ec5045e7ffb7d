/** `tributary up`: all jobs in one process. */
import { worksOf } from '../../app/works.ts';
import type { Run } from '../context.ts';
import { runJobs } from './run.ts';

export const run: Run<Record<never, never>> = (context) => runJobs(context, worksOf(context.wired));
