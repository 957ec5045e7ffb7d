/** Objects in memory that answer at once, for schedules of many effects. They follow the contract of the port. */
import { buffer } from 'node:stream/consumers';
import { TributaryError } from '../../../core/errors.ts';
import type { ObjectBody, ObjectInfo, Objects } from '../../../sinks/objects/port.ts';

export function memoryObjects(): Objects {
  const kept = new Map<string, Uint8Array>();
  const infoOf = (name: string): ObjectInfo => ({ name, bytes: kept.get(name)?.length ?? 0, modifiedAt: 0 });
  const bytesOf = async (body: ObjectBody): Promise<Uint8Array> => (body instanceof Uint8Array ? body : buffer(body));
  return {
    async put(name, body) {
      kept.set(name, await bytesOf(body));
      return infoOf(name);
    },
    async create(name, body) {
      const bytes = await bytesOf(body);
      if (kept.has(name)) throw new TributaryError('ALREADY_EXISTS', `${name} is there`);
      kept.set(name, bytes);
      return infoOf(name);
    },
    async get(name, range) {
      const found = kept.get(name);
      if (found === undefined) throw new TributaryError('NOT_FOUND', `there is no ${name}`);
      const bytes = range === undefined ? found : found.subarray(range.start, range.end);
      return (async function* () {
        yield bytes;
      })();
    },
    head: async (name) => (kept.has(name) ? infoOf(name) : undefined),
    async *list(prefix) {
      for (const name of [...kept.keys()].filter((each) => each.startsWith(prefix)).sort()) yield infoOf(name);
    },
    async remove(name) {
      kept.delete(name);
    },
    link: async (name) => name,
    async close() {},
  };
}
