/** `tributary up`: all jobs, rollups and reports in one process, and the HTTP service if it has a port. */
import { worksOf } from '../../app/platform/works.ts';
import type { Run } from '../context.ts';
import { runJobs } from './run.ts';

export const run: Run<Record<never, never>> = (context) =>
  runJobs(context, {
    jobs: worksOf(context.wired),
    reports: context.wired.config.reportsAtOnce > 0 && context.wired.platform.reports.length > 0,
    service: context.wired.config.servePort > 0,
  });
