/**
 * A schema registry with Confluent's REST API: that of Confluent, Apicurio (`/apis/ccompat/v7`) or Karapace.
 *
 * URLs: `http://host:8081`, `https://user:password@host/path`, or several separated by commas, which are asked in turn. The user and
 * password of the first URL are also used for URLs without them.
 *
 * Schemas are cached for the life of the process. An id that no node knows is not requested again for some seconds, so that a topic full
 * of such records does not cause as many requests.
 */
import type { Registry } from '../codec/registry.ts';
import { Nodes } from './nodes.ts';
import { idIn, isId, isMissing, lookupOf, registrationOf, schemaIn, schemaOf } from './request.ts';

export interface ConfluentOptions {
  readonly url: string;
  /** The certificate authority, as PEM, if Node does not trust it by default. */
  readonly ca?: string | undefined;
  /** How long a call may take, for all nodes together, in ms. */
  readonly timeoutMs?: number;
  /** How long an id that no node knows is not requested again, in ms. */
  readonly missingMs?: number;
}

const TIMEOUT_MS = 10_000;
const MISSING_MS = 5_000;
/** Limits the cache of unknown ids, because a corrupt topic may refer to any number of them. */
const MOST_MISSING = 10_000;

/** `now` is a clock in ms, which tests replace. */
export function confluentRegistry(options: ConfluentOptions, now = () => performance.now()): Registry {
  const { url, ca, timeoutMs = TIMEOUT_MS, missingMs = MISSING_MS } = options;
  const nodes = new Nodes({ url, timeoutMs, ...(ca === undefined ? {} : { ca }) });
  const schemas = new Map<number, string>();
  const ids = new Map<string, number>();
  /** Unknown ids, each with the time until which it is not requested again. */
  const missing = new Map<number, number>();
  const asked = new Map<number, Promise<string | undefined>>();

  /** A replica may not have the schema yet, so it counts as missing only if every node that answers reports it missing. */
  async function read(id: number): Promise<string | undefined> {
    const request = schemaOf(id);
    const answer = await nodes.ask(request, (each) => !isMissing(each));
    if (isMissing(answer)) {
      if (missing.size >= MOST_MISSING) missing.clear();
      missing.set(id, now() + missingMs);
      return undefined;
    }
    const schema = schemaIn(request, answer);
    schemas.set(id, schema);
    return schema;
  }

  return {
    async register(subject, schema) {
      const key = `${subject}\n${schema}`;
      const known = ids.get(key);
      if (known !== undefined) return known;
      const lookup = lookupOf(subject, schema);
      const found = await nodes.ask(lookup, () => true);
      const registration = registrationOf(subject, schema);
      const id = isMissing(found) ? idIn(registration, await nodes.ask(registration, () => true)) : idIn(lookup, found);
      ids.set(key, id);
      missing.delete(id);
      return id;
    },

    async schema(id) {
      if (!isId(id)) return undefined;
      const known = schemas.get(id);
      if (known !== undefined) return known;
      const until = missing.get(id);
      if (until !== undefined && now() < until) return undefined;
      const running = asked.get(id) ?? read(id).finally(() => asked.delete(id));
      asked.set(id, running);
      return running;
    },

    async close() {
      nodes.close();
    },
  };
}
