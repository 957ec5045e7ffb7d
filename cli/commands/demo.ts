/** `tributary demo`: a real data set through all jobs. */

import { Outages } from '../../app/outages.ts';
import { startWork } from '../../app/start-work.ts';
import { createLogger, logged, toAll } from '../../app/telemetry.ts';
import { type AnyWork, worksOf } from '../../app/works.ts';
import { learning } from '../../modules/learning.ts';
import type { Run } from '../context.ts';
import { usage } from '../errors.ts';

export const run: Run<{ json: boolean; presentations: readonly string[] }> = async (
  context,
  { json, presentations },
) => {
  const { wired, stdout, stderr, signal } = context;
  if (!learning.topics.every((topic) => wired.platform.topics.includes(topic)))
    throw usage(
      'the demo imports events of the module learning, which this platform does not have; run it in another folder, or add the module',
    );
  const { runDemo } = await import('../../demo/run.ts');
  // The display shows the rest; errors are logged above it.
  const logger = createLogger('warn', stderr);
  const outages = new Outages((level, fields, text) => logger[level](fields, text), Date.now);
  const telemetry = toAll(logged(logger), outages);
  const works = worksOf(wired);
  await runDemo(
    { ...wired, works, start: (work: AnyWork, runtime) => startWork(work, wired, runtime) },
    { json, presentations, output: stdout, telemetry, signal },
  );
  return undefined;
};
