/** Turns a command line into a report request. */

import { reportKeys } from '../../../app/reports/keys.ts';
import { reportSources } from '../../../app/reports/sources.ts';
import { shownLine } from '../../../app/text/shown.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { type Ask, planned } from '../../../reports/requesting/asking.ts';
import { submit } from '../../../reports/requesting/submit.ts';
import type { Request } from '../../../sinks/requests/port.ts';
import type { Context } from '../../context.ts';

export type AskedFor = Ask;

/** Throws for refused requests, which are not kept. Remarks go to the standard error. */
export async function ask({ wired, stderr }: Pick<Context, 'wired' | 'stderr'>, asked: AskedFor): Promise<Request> {
  const sources = reportSources(wired);
  try {
    const now = systemClock.now();
    const context = { reports: wired.platform.reports, keys: reportKeys(wired.config), now };
    const { request, notes } = await planned(asked, context, sources.reads(asked.tenant));
    for (const note of notes) stderr.write(`note: ${shownLine(note)}\n`);
    return (await submit(wired.requests, request, now)).request;
  } finally {
    await sources.close();
  }
}
