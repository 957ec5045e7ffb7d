/** `tributary report cancel`. */
import { TributaryError } from '../../../core/errors.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { print, type Run } from '../../context.ts';
import { read } from './following.ts';

export const run: Run<{ request: string; tenant: string }> = async (context, { request: id, tenant }) => {
  const request = await read(context, { tenant, id });
  if (!(await context.wired.requests.cancel(tenant, id, systemClock.now()))) {
    throw new TributaryError('WRONG_STATE', `the request ${id} is ${request.state}: there is nothing to cancel`);
  }
  await print(context, `${id} is cancelled`);
  return undefined;
};
