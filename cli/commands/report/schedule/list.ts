/** `tributary report schedule list`. */

import { isoOf } from '../../../../app/text/time-text.ts';
import type { Run } from '../../../context.ts';
import { type Form, printListing } from '../../../output/listing.ts';

export const run: Run<Form & { tenant: string }> = async (context, { tenant, ...form }) => {
  const schedules = await context.wired.requests.schedules(tenant);
  await printListing(context, form, {
    head: ['schedule', 'report', 'when', 'due next', 'last', 'error'],
    rows: schedules.map(({ id, report, cron, zone, nextAt, lastAt, error }) => [
      id,
      report,
      `${cron} ${zone}`,
      nextAt === null ? 'disabled' : isoOf(nextAt),
      lastAt === null ? null : isoOf(lastAt),
      error?.message,
    ]),
    json: schedules,
    style: (row) => (schedules[row]?.error === null ? undefined : 'red'),
  });
  if (schedules.length === 0 && !form.json) context.stderr.write('nothing\n');
  return undefined;
};
