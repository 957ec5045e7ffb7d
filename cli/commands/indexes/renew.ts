/** `tributary indexes renew`: replaces an index by an empty one, if it was lost or its declaration has changed. */

import { found } from '../../../app/platform/names.ts';
import { indexesOf } from '../../../modules/derived.ts';
import { print, printJson, type Run } from '../../context.ts';

export const run: Run<{ readonly index: string; readonly json: boolean }> = async (context, { index: name, json }) => {
  const { stores, platform } = context.wired;
  const { jobs } = platform;
  const index = found('index', name, indexesOf(jobs));
  const renewed = await stores.search.renew(index);
  const fillers = jobs.filter(({ views }) => views.some(({ into }) => into === index)).map((job) => job.name);
  const next = `tributary rebuild-views ${fillers.join(' ')} --only search`;
  if (json) {
    await printJson(context, { index: name, before: renewed.before ?? null, now: renewed.now, next });
    return undefined;
  }
  await print(context, `${name} is now ${renewed.now}, which is empty; fill it with \`${next}\``);
  if (renewed.before !== undefined)
    await print(context, `${renewed.before} is still there; delete it when you no longer need it`);
  return undefined;
};
