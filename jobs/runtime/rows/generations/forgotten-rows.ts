/**
 * Whether the rows of a generation name a forgotten user. A generation that was made before the user was forgotten takes the user out when
 * it reads `user.forgotten`. If the topic has since lost that event, the rows would bring the user back.
 */
import { TributaryError } from '../../../../core/errors.ts';
import { mayName, withoutPersons } from '../../../../core/persons.ts';
import type { Job } from '../../../define.ts';
import { patientOf } from '../../patient.ts';
import type { Runtime } from '../../stores.ts';
import { tableOf } from './state.ts';
import type { SwapOptions } from './swap.ts';

const ROWS_AT_ONCE = 500;

/** Throws USAGE if a row names a forgotten user. Called when the generation has read everything that the topic has. */
export async function checkForgotten(
  job: Job,
  generation: number,
  runtime: Runtime,
  options: Pick<SwapOptions, 'signal' | 'waiting'>,
): Promise<void> {
  const { stores, forgotten } = runtime;
  const withRetries = patientOf(runtime, options);
  const table = tableOf(job.row, generation);
  await withRetries(() => forgotten.load());
  if (forgotten.isNobody || !mayName(table)) return;
  let after: string | undefined;
  do {
    const page = await withRetries(() => stores.tables.scan(table, { limit: ROWS_AT_ONCE, after }));
    for (const { key, data } of page.items) {
      const [tenant] = key as readonly [string];
      if (data === undefined || withoutPersons(table, data, (id) => forgotten.has(tenant, id)) === data) continue;
      throw new TributaryError(
        'USAGE',
        `generation ${generation} of ${job.name} has rows that name somebody who was forgotten after they were made, and the topic no longer has the event that said so: drop the generation and rebuild it, beginning with \`tributary rebuild ${job.name} --drop ${generation} --yes\``,
      );
    }
    after = page.next;
  } while (after !== undefined);
}
