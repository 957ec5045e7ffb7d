/** `tributary demo`: a real data set through all jobs. */
import type { Run } from '../context.ts';
import { createLogger, logged } from '../telemetry.ts';

export const run: Run<{ json: boolean; presentations: readonly string[] }> = async (
  context,
  { json, presentations },
) => {
  const { wired, stdout, stderr, signal } = context;
  const { runDemo } = await import('../../demo/run.ts');
  // The display tells the rest; what goes wrong is told beside it.
  const telemetry = logged(createLogger('warn', stderr));
  await runDemo(wired, { json, presentations, output: stdout, telemetry, signal });
  return undefined;
};
