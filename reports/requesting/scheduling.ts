/** Turns what somebody asks for into a schedule to store. What cannot run now is refused, as it would be for a request. */
import type { CatchUp, NewSchedule } from '../../sinks/requests/schedule.ts';
import type { Reads } from '../define-report.ts';
import { type Ask, type AskContext, planned } from './asking.ts';
import { scheduleUse } from './sealing.ts';

export interface When {
  readonly id: string;
  readonly cron: string;
  readonly zone: string;
  readonly catchUp: CatchUp;
  readonly enabled: boolean;
}

/** Throws the errors of `planned`. */
export async function plannedSchedule(ask: Ask, when: When, context: AskContext, reads: Reads): Promise<NewSchedule> {
  const { request } = await planned(ask, context, reads);
  const { hash: _hash, freshMs: _freshMs, secret: _secret, ...what } = request;
  const { tenant, protection } = ask;
  const use = scheduleUse({ tenant, id: when.id });
  return {
    ...what,
    ...when,
    // As given: a day such as today-7 is a different day at each run.
    parameters: JSON.stringify(ask.parameters),
    columns: ask.columns,
    secret: protection.kind === 'none' ? null : (context.keys?.seal(JSON.stringify(protection), use) ?? null),
  };
}
