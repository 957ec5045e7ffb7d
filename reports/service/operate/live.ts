/** The jobs as server-sent events. All followers share one reading: each asks for the latest, which is made once. */
import { kindOf } from '../../../core/errors.ts';
import { problemOf } from '../problems.ts';
import type { Service } from '../route.ts';
import type { JobStates } from './operations.ts';
import { jobsView } from './views.ts';

const TELL_MS = 2_000;

/** Ends when the signal is aborted. While the log does not answer, it reports that and continues. */
export async function* jobEvents(
  first: JobStates,
  { operations, clock }: Pick<Service, 'operations' | 'clock'>,
  until: AbortSignal,
): AsyncGenerator<string> {
  yield eventOf('jobs', jobsView(first));
  for (;;) {
    await clock.sleep(TELL_MS, until);
    if (until.aborted) return;
    try {
      yield eventOf('jobs', jobsView(await operations.jobs()));
    } catch (error) {
      if (kindOf(error) !== 'retry') throw error;
      const { code, detail } = problemOf(error);
      yield eventOf('away', { code, detail });
    }
  }
}

const eventOf = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
