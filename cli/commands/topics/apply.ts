/** `tributary topics apply`: creates topics, and expands topics without readers. Exits with 1 if something else differs. */

import { groupsOf } from '../../../app/platform/works.ts';
import { wantedTopics } from '../../../modules/derived.ts';
import type { Difference } from '../../../topics/log/admin.ts';
import { print, printJson, type Run } from '../../context.ts';
import { FAILED } from '../../errors.ts';

const DONE = { create: 'created', expand: 'expanded' } as const;

export const run: Run<{ readonly dryRun: boolean; readonly json: boolean }> = async (context, { dryRun, json }) => {
  const { topics, platform } = context.wired;
  const wanted = wantedTopics(platform, groupsOf(context.wired));
  const found = await (dryRun ? topics.verify(wanted) : topics.apply(wanted));
  const left = found.filter(({ action }) => action === 'reported');
  if (json) await printJson(context, { dryRun, differences: found });
  else {
    for (const difference of found) await print(context, lineOf(difference, dryRun));
    if (found.length === 0) await print(context, `all ${wanted.length} topics are as they are declared`);
  }
  return left.length === 0 ? undefined : FAILED;
};

function lineOf({ topic, action, message }: Difference, dryRun: boolean): string {
  if (action === 'reported') return `left as it is: ${message}`;
  return dryRun ? `would ${action}: ${message}` : `${DONE[action]} ${topic}`;
}
