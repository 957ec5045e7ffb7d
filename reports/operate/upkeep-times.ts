/** When each kind of upkeep last completed all tables: the time of an object beside them. So any process can ask, even after a restart. */
import type { Objects } from '../../sinks/objects/port.ts';

export const UPKEEPS = ['compact', 'expire', 'vacuum'] as const;
export type Upkeep = (typeof UPKEEPS)[number];

const objectOf = (upkeep: Upkeep): string => `upkeep/${upkeep}`;

export async function noteUpkeep(objects: Pick<Objects, 'put'>, upkeep: Upkeep): Promise<void> {
  await objects.put(objectOf(upkeep), Buffer.from(`${upkeep}\n`));
}

/** In ms since 1970 UTC. Upkeep that was never done counts from the first call, so a new installation is not late. */
export async function upkeepTimes(objects: Pick<Objects, 'head' | 'put'>): Promise<ReadonlyMap<Upkeep, number>> {
  const times = new Map<Upkeep, number>();
  for (const upkeep of UPKEEPS) {
    let noted = await objects.head(objectOf(upkeep));
    if (noted === undefined) {
      await noteUpkeep(objects, upkeep);
      noted = await objects.head(objectOf(upkeep));
    }
    if (noted !== undefined) times.set(upkeep, noted.modifiedAt);
  }
  return times;
}
