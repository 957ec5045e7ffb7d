/** `tributary topics verify`: shows how the topics differ from their declarations. Exits with 1 if they do. */

import { groupsOf } from '../../../app/platform/works.ts';
import { wantedTopics } from '../../../modules/derived.ts';
import { print, printJson, type Run } from '../../context.ts';
import { FAILED } from '../../errors.ts';

export const run: Run<{ readonly json: boolean }> = async (context, { json }) => {
  const { topics, platform } = context.wired;
  const wanted = wantedTopics(platform, groupsOf(context.wired));
  const found = await topics.verify(wanted);
  if (json) await printJson(context, found);
  else if (found.length === 0) await print(context, `all ${wanted.length} topics are as they are declared`);
  else {
    for (const { message } of found) await print(context, message);
    const willChange = found.some(({ action }) => action !== 'reported');
    if (willChange) context.stderr.write('`tributary topics apply` creates and expands what it safely can\n');
  }
  return found.length === 0 ? undefined : FAILED;
};
