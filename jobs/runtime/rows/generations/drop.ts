/** Deletes a generation that is not current. */
import { TributaryError } from '../../../../core/errors.ts';
import type { Job } from '../../../define.ts';
import type { Runtime } from '../../stores.ts';
import { changeGenerations, type Generations, tableOf } from './state.ts';

/** A process that is making the generation ends at its next check. This may be repeated: a second call deletes what the first one left. */
export async function dropGeneration(job: Job, generation: number, { stores }: Pick<Runtime, 'stores'>): Promise<void> {
  const { tables } = stores;
  await changeGenerations(tables, job.name, (now) => {
    checkDrop(job, generation, now);
    if (!now.kept.includes(generation)) return undefined;
    return { ...now, kept: now.kept.filter((each) => each !== generation) };
  });
  await tables.drop([tableOf(job.row, generation)]);
}

/** Throws USAGE if the generation cannot be dropped. */
export function checkDrop({ name }: Job, generation: number, { current, last, swap }: Generations): void {
  if (generation < 1 || generation > last) throw usage(`${name} never had a generation ${generation} of its rows`);
  if (generation === current)
    throw usage(`generation ${generation} of ${name} is the current one, which cannot be dropped`);
  if (swap !== undefined && [swap.from, swap.to].includes(generation)) {
    throw usage(`generation ${generation} of ${name} is needed until the swap to ${swap.to} is done`);
  }
}

const usage = (message: string): TributaryError => new TributaryError('USAGE', message);
