/** What the owners of a job share in a process, so that not every owner has to ask for it. */
import type { Job } from '../../define.ts';
import { GroupProgress } from '../offsets/group-progress.ts';
import type { Runtime } from '../stores.ts';
import { DueTimers } from './timers/due.ts';

export interface Shared {
  readonly due: DueTimers;
  readonly group: GroupProgress;
}

export function sharedOf({ name, from, row }: Job, runtime: Runtime): Shared {
  return { due: new DueTimers(row, runtime), group: new GroupProgress(name, from.name, runtime.stores.transport) };
}
