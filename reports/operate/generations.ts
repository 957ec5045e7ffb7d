/**
 * The generations of a source. The first one always exists. Each other one has an object `<prefix>/made/<number>.json`, which is created
 * once, so a number is never reused. A dropped generation has a second object, which is created before anything is deleted. So a process
 * that still writes to it notices, and late writes are never read.
 */
import { TributaryError } from '../../core/errors.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { FIRST_GENERATION, tableName } from '../runtime/generations.ts';

const DELETES_AT_ONCE = 16;
const EMPTY = new TextEncoder().encode('{}\n');
const ENTRY = /\/(\d{8})(\.dropped)?\.json$/;

const madeName = (prefix: string, generation: number): string =>
  `${prefix}/made/${String(generation).padStart(8, '0')}.json`;
const droppedName = (prefix: string, generation: number): string =>
  `${prefix}/made/${String(generation).padStart(8, '0')}.dropped.json`;

export interface Made {
  /** In ascending order, without dropped ones. */
  readonly kept: readonly number[];
  /** The largest number ever used. */
  readonly last: number;
}

export async function madeGenerations(objects: Objects, prefix: string): Promise<Made> {
  const made = new Set([FIRST_GENERATION]);
  const dropped = new Set<number>();
  for await (const { name } of objects.list(`${prefix}/made/`)) {
    const [, number, isDropped] = ENTRY.exec(name) ?? [];
    if (number !== undefined) (isDropped === undefined ? made : dropped).add(Number(number));
  }
  return {
    kept: [...made].filter((each) => !dropped.has(each)).sort((a, b) => a - b),
    last: Math.max(...made, ...dropped),
  };
}

/** The generation being built, or else a new one. */
export async function openNewest(objects: Objects, prefix: string, current: number): Promise<number> {
  for (;;) {
    const { kept, last } = await madeGenerations(objects, prefix);
    const newest = Math.max(...kept);
    if (newest > current) return newest;
    const next = Math.max(last, current) + 1;
    if (await createOnce(objects, madeName(prefix, next))) return next;
  }
}

export const isDropped = async (objects: Objects, prefix: string, generation: number): Promise<boolean> =>
  (await objects.head(droppedName(prefix, generation))) !== undefined;

/** Deletes a generation for good. After a crash, it deletes the rest. Returns the number of deleted objects. */
export async function dropGeneration(
  objects: Objects,
  prefix: string,
  generation: number,
  progress: (objects: number) => void = () => {},
): Promise<number> {
  await createOnce(objects, droppedName(prefix, generation));
  let count = 0;
  let batch: string[] = [];
  const flush = async (): Promise<void> => {
    await Promise.all(batch.map((name) => objects.remove(name)));
    count += batch.length;
    batch = [];
    progress(count);
  };
  for await (const { name } of objects.list(`${tableName(prefix, generation)}/`)) {
    batch.push(name);
    if (batch.length === DELETES_AT_ONCE) await flush();
  }
  await flush();
  return count;
}

/** False if it exists already. */
async function createOnce(objects: Objects, name: string): Promise<boolean> {
  try {
    await objects.create(name, EMPTY);
    return true;
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'ALREADY_EXISTS') return false;
    throw error;
  }
}
