/** Shared by `pause` and `resume`. Either may be run twice: the second run changes nothing. */

import { pauseText, type TurnedJob, turnJob } from '../../../app/groups/pauses.ts';
import { workNamed } from '../../../app/platform/names.ts';
import { possibleGroupsOf } from '../../../app/platform/works.ts';
import { isoOf } from '../../../app/text/time-text.ts';
import { print, printJson, type Run } from '../../context.ts';

export interface TurningArgs {
  readonly jobs: readonly string[];
  readonly by: string;
  readonly why: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** The messages about a job: it was changed, would be changed, or was in that state already. */
interface Words {
  readonly did: (job: string) => string;
  readonly would: (job: string) => string;
  readonly was: (job: string, text: string) => string;
}

export const turning =
  (to: 'paused' | 'running', { did, would, was }: Words): Run<TurningArgs> =>
  async (context, { jobs, by, why, dryRun, json }) => {
    const turned: (TurnedJob & { readonly job: string })[] = [];
    // Unknown names are reported before anything is changed.
    for (const job of jobs) workNamed(job, possibleGroupsOf(context.wired.platform));
    for (const job of new Set(jobs))
      turned.push({ job, ...(await turnJob(context.wired, { job, to }, { by, why, dryRun })) });
    if (json) {
      const shown = turned.map(({ paused, ...each }) => ({
        ...each,
        dryRun,
        paused: paused && { ...paused, at: isoOf(paused.at) },
      }));
      await printJson(context, shown);
      return undefined;
    }
    for (const { job, paused, changed } of turned) {
      if (!changed) await print(context, was(job, paused === null ? '' : pauseText(paused)));
      else await print(context, dryRun ? would(job) : did(job));
    }
    return undefined;
  };
