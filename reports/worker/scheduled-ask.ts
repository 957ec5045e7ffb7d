/** What a schedule asks for at each due time. Its parameters are stored as given, so `today-7` is a different day each time. */
import { TributaryError } from '../../core/errors.ts';
import type { DueSchedule } from '../../sinks/requests/schedule.ts';
import type { Ask } from '../requesting/asking.ts';
import type { GivenValues } from '../requesting/parameters.ts';
import { type SealingKeys, scheduleUse } from '../requesting/sealing.ts';

export function scheduledAsk(schedule: DueSchedule, keys: SealingKeys | undefined): Ask {
  const { tenant, report, parameters, format, options, columns, rowLimit, requestedBy, roles, secret } = schedule;
  return {
    tenant,
    report,
    parameters: JSON.parse(parameters) as GivenValues,
    format,
    options,
    columns,
    protection: secret === null ? { kind: 'none' } : protectionIn(secret, schedule, keys),
    rowLimit,
    requestedBy,
    roles,
    freshMs: 0,
  };
}

function protectionIn(secret: string, schedule: DueSchedule, keys: SealingKeys | undefined): Ask['protection'] {
  if (keys !== undefined) return JSON.parse(keys.open(secret, scheduleUse(schedule))) as Ask['protection'];
  throw new TributaryError(
    'CONFIG_INVALID',
    `the schedule ${schedule.id} makes protected files, and this worker has no reportSecret: give it that of the other workers`,
  );
}
