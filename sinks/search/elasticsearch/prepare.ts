/** Creates indexes and their aliases, adds fields, and starts new generations. */
import type { IndexDef } from '../../../core/target.ts';
import { type Elasticsearch, failureOf, refusal, type Sending } from './client.ts';
import { ALIAS, additions, aliasOf, creationOf, drifted, type IndexSettings, type Mapping } from './mapping.ts';

const [BAD_REQUEST, NOT_FOUND] = [400, 404];
/** Other processes may create or move the same index meanwhile. */
const ATTEMPTS = 5;

interface Present {
  readonly name: string;
  readonly mapping: Partial<Mapping>;
}

export async function prepare(
  elasticsearch: Elasticsearch,
  index: IndexDef,
  settings: IndexSettings,
  sending: Sending,
): Promise<void> {
  const alias = aliasOf(index, settings.prefix);
  let taken: string | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const there = await present(elasticsearch, index, alias, sending);
    if (there !== undefined) return add(elasticsearch, index, there, sending);
    const { name, body } = creationOf(index, settings, 1, true);
    if (await create(elasticsearch, name, body, sending)) return;
    // Either another process has just created it, with its alias, or it is old and has lost its alias.
    taken = name;
  }
  throw drifted(index, `the index ${taken} is there, but not its alias ${alias}; give it one, or delete it`);
}

/** The requests with which `prepare` would create or complete the index now. Throws TABLE_DRIFTED like `prepare`. */
export async function missing(
  elasticsearch: Elasticsearch,
  index: IndexDef,
  settings: IndexSettings,
  sending: Sending,
): Promise<string[]> {
  const there = await present(elasticsearch, index, aliasOf(index, settings.prefix), sending);
  if (there === undefined) {
    const { name, body } = creationOf(index, settings, 1, true);
    return [`PUT /${name} ${JSON.stringify(body)}`];
  }
  const added = additions(index, there.name, there.mapping);
  return added === undefined ? [] : [`PUT /${there.name}/_mapping ${JSON.stringify(added)}`];
}

async function add(elasticsearch: Elasticsearch, index: IndexDef, there: Present, sending: Sending): Promise<void> {
  const body = additions(index, there.name, there.mapping);
  if (body === undefined) return;
  await elasticsearch.send(
    { method: 'PUT', path: `/${encodeURIComponent(there.name)}/_mapping`, body: { ...body } },
    sending,
  );
}

/**
 * Creates a new, empty generation of the index, and moves the alias to it. Returns the names of the old generation,
 * which stays until somebody deletes it, and of the new one.
 */
export async function renew(
  elasticsearch: Elasticsearch,
  index: IndexDef,
  settings: IndexSettings,
  sending: Sending,
): Promise<{ readonly before: string; readonly now: string }> {
  const alias = aliasOf(index, settings.prefix);
  const there = await present(elasticsearch, index, alias, sending);
  if (there === undefined) throw drifted(index, `there is no index with the alias ${alias} to be renewed; prepare it`);
  const before = there.name;
  let generation = Number(/-v(\d+)$/.exec(before)?.[1] ?? 0);
  for (;;) {
    generation += 1;
    const { name, body } = creationOf(index, settings, generation, false);
    // The name exists: an attempt that did not finish left this index behind.
    if (!(await create(elasticsearch, name, body, sending))) continue;
    const actions = [{ remove: { index: before, alias } }, { add: { index: name, alias, ...ALIAS } }];
    await elasticsearch.send({ method: 'POST', path: '/_aliases', body: { actions } }, sending);
    return { before, now: name };
  }
}

/** The index behind an alias; undefined if there is no such alias. Throws TABLE_DRIFTED unless it is exactly one index. */
export async function present(
  elasticsearch: Elasticsearch,
  index: IndexDef,
  alias: string,
  sending: Sending,
): Promise<Present | undefined> {
  const path = `/${encodeURIComponent(alias)}`;
  const { status, body } = await elasticsearch.send({ method: 'GET', path }, sending, [NOT_FOUND]);
  if (status === NOT_FOUND) return undefined;
  const indexes = Object.entries(body as Readonly<Record<string, { readonly mappings?: Partial<Mapping> }>>);
  const [name = '', { mappings = {} } = {}] = indexes[0] ?? [];
  if (indexes.length > 1) {
    const names = indexes.map(([each]) => each).join(', ');
    throw drifted(index, `the alias ${alias} stands for several indexes (${names}); keep only the newest one`);
  }
  if (name === alias) {
    throw drifted(index, `${alias} is an index, and should be an alias of one; delete it, or choose another prefix`);
  }
  return { name, mapping: mappings };
}

/** Returns false if the index exists. */
async function create(
  elasticsearch: Elasticsearch,
  name: string,
  body: Readonly<Record<string, unknown>>,
  sending: Sending,
): Promise<boolean> {
  const path = `/${encodeURIComponent(name)}`;
  const { status, body: answer } = await elasticsearch.send({ method: 'PUT', path, body }, sending, [BAD_REQUEST]);
  if (status !== BAD_REQUEST) return true;
  const { type, reason } = failureOf(answer);
  if (type === 'resource_already_exists_exception') return false;
  throw refusal(status, type, reason, sending.doing);
}
