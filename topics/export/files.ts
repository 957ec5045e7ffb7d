/** The files of `tributary topics export`, by path. Those in `docs/` are the same. */
import { asyncApi, type Exported } from './asyncapi.ts';
import { schemaOf } from './json-schema.ts';

export const ASYNCAPI = 'asyncapi.json';

export function exportedFiles(exported: Exported): ReadonlyMap<string, string> {
  const schemas = exported.topics.flatMap((topic) => [
    ...topic.events.map((def) => [`schemas/${def.type}.json`, textOf(schemaOf(def, topic.key))] as const),
    ...topic.broadcasts.map((def) => [`schemas/${def.type}.json`, textOf(schemaOf(def, undefined))] as const),
  ]);
  return new Map([[ASYNCAPI, textOf(asyncApi(exported))], ...schemas]);
}

const textOf = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
