/**
 * Which table of a source is current. When a source is rebuilt or its declaration changes, it gets another generation: its own table under
 * the same prefix, `<prefix>/g<number>`. Among the objects `<prefix>/generations/<number>.json`, the one with the largest number names the
 * current generation. Each object is created once and never changed. So a swap is one object, which every reader sees.
 */
import { TributaryError } from '../../core/errors.ts';
import type { Objects } from '../../sinks/objects/port.ts';

/** The first generation needs no object: it is current until a swap. */
export const FIRST_GENERATION = 1;

export const tableName = (prefix: string, generation: number): string => `${prefix}/g${generation}`;

const pointerName = (prefix: string, number: number): string =>
  `${prefix}/generations/${String(number).padStart(8, '0')}.json`;

export interface CurrentGeneration {
  readonly generation: number;
  /** How many swaps there were. */
  readonly swaps: number;
}

/** `known`: an earlier result, from which the search continues. */
export async function currentGeneration(
  objects: Pick<Objects, 'head' | 'get'>,
  prefix: string,
  known: CurrentGeneration = { generation: FIRST_GENERATION, swaps: 0 },
): Promise<CurrentGeneration> {
  let found = known;
  for (;;) {
    const next = pointerName(prefix, found.swaps + 1);
    if ((await objects.head(next)) === undefined) return found;
    found = { generation: await generationIn(objects, next), swaps: found.swaps + 1 };
  }
}

/** Throws ALREADY_EXISTS if another process has swapped since. Returns the new current generation. */
export async function makeCurrent(
  objects: Objects,
  prefix: string,
  { swaps }: CurrentGeneration,
  generation: number,
): Promise<CurrentGeneration> {
  const body = new TextEncoder().encode(`${JSON.stringify({ generation })}\n`);
  await objects.create(pointerName(prefix, swaps + 1), body);
  return { generation, swaps: swaps + 1 };
}

async function generationIn(objects: Pick<Objects, 'get'>, name: string): Promise<number> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await objects.get(name)) chunks.push(chunk);
  const { generation } = parsed(Buffer.concat(chunks).toString()) ?? {};
  if (Number.isSafeInteger(generation)) return generation as number;
  throw new TributaryError('STORE_BROKEN', `the object ${name} names no generation; restore it, or remove it`);
}

function parsed(text: string): { readonly generation?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
