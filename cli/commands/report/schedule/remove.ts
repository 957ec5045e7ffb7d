/** `tributary report schedule remove`. */
import { print, type Run } from '../../../context.ts';
import { usage } from '../../../errors.ts';

export const run: Run<{ schedule: string; tenant: string }> = async (context, { schedule: id, tenant }) => {
  const { requests } = context.wired;
  const all = await requests.schedules(tenant);
  if (!all.some((each) => each.id === id))
    throw usage(`${tenant} has no schedule ${id}: there are ${all.map((each) => each.id).join(', ') || 'none'}`);
  await requests.removeSchedule(tenant, id);
  await print(context, `${id} is removed`);
  return undefined;
};
