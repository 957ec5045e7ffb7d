/** `tributary report schedule add`. */

import { reportKeys } from '../../../../app/reports/keys.ts';
import { reportSources } from '../../../../app/reports/sources.ts';
import { isoOf } from '../../../../app/text/time-text.ts';
import { systemClock } from '../../../../jobs/runtime/clock.ts';
import { plannedSchedule } from '../../../../reports/requesting/scheduling.ts';
import type { CatchUp } from '../../../../sinks/requests/schedule.ts';
import { print, printJson, type Run } from '../../../context.ts';
import type { AskedFor } from '../asked.ts';

interface Args {
  readonly schedule: string;
  readonly asked: AskedFor;
  readonly cron: string;
  readonly zone: string;
  readonly catchUp: CatchUp;
  readonly enabled: boolean;
  readonly json: boolean;
}

/** Refuses a schedule that could not run now, as a request would be refused. */
export const run: Run<Args> = async (context, { schedule: id, asked, cron, zone, catchUp, enabled, json }) => {
  const { wired } = context;
  const now = systemClock.now();
  const sources = reportSources(wired);
  const asking = { reports: wired.platform.reports, keys: reportKeys(wired.config), now };
  const when = { id, cron, zone, catchUp, enabled };
  const schedule = await plannedSchedule(asked, when, asking, sources.reads(asked.tenant)).finally(() =>
    sources.close(),
  );
  const kept = await wired.requests.putSchedule(schedule, now);
  if (json) await printJson(context, kept);
  else await print(context, kept.nextAt === null ? `${id} is disabled` : `${id} is due next at ${isoOf(kept.nextAt)}`);
  return undefined;
};
