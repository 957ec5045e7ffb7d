/** Sends a real data set through all jobs. If wanted, everything then goes on with the HTTP service and its page. */

import { pausesOf, pauseText } from '../../../app/groups/pauses.ts';
import { type AnyWork, worksOf } from '../../../app/platform/works.ts';
import { startWork } from '../../../app/run/start-work.ts';
import { Outages } from '../../../app/telemetry/outages.ts';
import { createLogger, logged, toAll } from '../../../app/telemetry/telemetry.ts';
import { shownLine } from '../../../app/text/shown.ts';
import { learning } from '../../../modules/learning.ts';
import type { Run } from '../../context.ts';
import { usage } from '../../errors.ts';
import { runJobs } from '../run.ts';

interface Args {
  readonly json: boolean;
  readonly presentations: readonly string[];
  /** Whether the jobs, a report worker and the service go on until the command is stopped. */
  readonly serves: boolean;
}

/**
 * The events span more than a thousand days, and each publication writes a segment for each day that it counted. So all counts, some 100
 * MB, are published together, as soon as everything is read.
 */
const ROLLUPS = { publishMs: 600_000, idleMs: 1000, publishBytes: 200_000_000 };

export const run: Run<Args> = async (context, { json, presentations, serves }) => {
  const { wired, stdout, stderr, signal } = context;
  if (!learning.topics.every((topic) => wired.platform.topics.includes(topic)))
    throw usage(
      'the demo imports events of the module learning, which this platform does not have; run it in another folder, or add the module',
    );
  const { runDemo } = await import('../../../demo/run.ts');
  // The display shows the rest; errors are logged above it.
  const logger = createLogger('warn', stderr);
  const outages = new Outages((level, fields, text) => logger[level](fields, text), Date.now);
  const telemetry = toAll(logged(logger), outages);
  const works = worksOf(wired);
  await runDemo(
    {
      ...wired,
      works,
      paused: async () => {
        const pauses = await pausesOf(
          wired.stores.tables,
          works.map(({ name }) => name),
        );
        return new Map([...pauses].map(([name, pause]) => [name, shownLine(pauseText(pause))]));
      },
      start: (work: AnyWork, runtime) => startWork(work, wired, runtime, { rollups: ROLLUPS }),
    },
    {
      ...{ json, presentations, goesOn: serves, output: stdout, telemetry, signal },
      note: (text) => stderr.write(`note: ${text}\n`),
    },
  );
  if (!serves) return undefined;
  // The user looks for the page's address on this terminal, so successes are not logged.
  const { config } = wired;
  const quiet = config.logLevel === 'info' ? { ...wired, config: { ...config, logLevel: 'warn' as const } } : wired;
  return runJobs({ ...context, wired: quiet }, { jobs: works, reports: true, service: true });
};
