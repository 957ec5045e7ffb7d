/** Shows whether two processes have the same platform. The code of its jobs' functions is not compared. */
import { createHash } from 'node:crypto';
import type { Job } from '../../jobs/define.ts';
import type { Platform } from '../../modules/define.ts';

export interface PlatformIdentity {
  readonly modules: readonly string[];
  /** Of all declarations. */
  readonly digest: string;
}

export function identityOf({ modules, topics, jobs }: Platform): PlatformIdentity {
  const declared = JSON.stringify([topics, jobs.map(declarationOf)]);
  return {
    modules: modules.map(({ name }) => name),
    digest: createHash('sha256').update(declared).digest('base64url').slice(0, 16),
  };
}

const declarationOf = ({ name, from, on, to, row, views }: Job) => ({
  name,
  from: from.name,
  on: on.map(({ type }) => type),
  to: to.map((topic) => topic.name),
  row,
  views: views.map(({ into, each, using, policy }) => ({ into, each, using, policy })),
});

/** The message for a command that a process with another platform runs; undefined if the platforms are the same. */
export function differenceOf(ours: PlatformIdentity, theirs: PlatformIdentity): string | undefined {
  if (ours.digest === theirs.digest) return undefined;
  const [here, there] = [ours, theirs].map(({ modules }) => modules.join(', ')) as [string, string];
  const what = here === there ? `the same modules (${here}) with other declarations` : `${here} instead of ${there}`;
  return `the process that has the data folder runs another platform than this command would: ${what}. Its platform is used; restart that process to use the new one`;
}
