/** `tributary demo`: a real data set through all jobs. */
import type { Run } from '../context.ts';

export const run: Run<{ json: boolean }> = async ({ wired, stdout }, { json }) => {
  const { runDemo } = await import('../../demo/run.ts');
  await runDemo(wired, { json, output: stdout });
  return undefined;
};
