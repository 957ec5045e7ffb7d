/** How a service reads a target in each store: names, and lines to copy. The names come from the code of the stores. */
import { type CacheDef, type IndexDef, keyFields, mapFields, type TableDef, type Target } from '../core/target.ts';
import { entryKey } from '../sinks/cache/redis/request.ts';
import { documentId } from '../sinks/search/elasticsearch/identity.ts';
import { aliasOf, mappingOf } from '../sinks/search/elasticsearch/mapping.ts';
import { columnName, columnOf, mapColumnOf } from '../sinks/tables/cassandra/columns.ts';
import { code, type Stored, table } from './markdown.ts';
import { SAMPLE_KEYS, SAMPLE_RECORDS, SAMPLE_TENANT } from './samples.ts';

const KEY_PREFIX = 'tributary:';
const INDEX_PREFIX = 'tributary-';
const ELASTICSEARCH = 'http://127.0.0.1:9200';

/** The form of each field in the target's store; undefined where it is the same for all. */
export function storedFields(target: Target): Stored | undefined {
  switch (target.kind) {
    case 'table':
      return { head: 'Column', cell: columnCells(target) };
    case 'index':
      return { head: 'In the index', cell: indexCells(target) };
    case 'cache':
      return undefined;
  }
}

/** `cql` is the command that runs the statement that follows it. */
export function reading(target: Target, cql: string): string {
  switch (target.kind) {
    case 'table':
      return lines([`npx tributary show ${target.name} ${sampleKey(target).join(' ')}`, `${cql} "${select(target)}"`]);
    case 'index':
      return searching(target);
    case 'cache':
      return caching(target);
  }
}

const lines = (texts: readonly string[]): string => `\`\`\`sh\n${texts.join('\n')}\n\`\`\``;

const sampleOf = (field: string): string => SAMPLE_KEYS[field] ?? `<${field}>`;
const sampleKey = ({ key }: Target): string[] => key.map(sampleOf);

function columnCells({ record }: TableDef): Map<string, string> {
  const plain = record.fields.map(columnOf);
  const maps = mapFields(record).map((field) => mapColumnOf(field).column);
  // A map field is in both; the latter wins.
  return new Map([...plain, ...maps].map(({ field, name, codec }) => [field, `${code(name)} ${codec.type}`]));
}

function select({ name, key }: TableDef): string {
  const where = [
    `tenant = '${SAMPLE_TENANT}'`,
    ...key.map((field) => `${columnName(field)} = '${sampleOf(field)}'`),
  ].join(' AND ');
  return `SELECT * FROM ${name} WHERE ${where} LIMIT 10`;
}

function indexCells(index: IndexDef): Map<string, string> {
  const { properties } = mappingOf(index);
  return new Map(
    Object.entries(properties).map(([field, { type, enabled }]) => [field, enabled === false ? 'not searched' : type]),
  );
}

function searching(index: IndexDef): string {
  const id = documentId(
    ['tenant', ...keyFields(index)].map((name) => `<${name}>`),
    () => '',
  );
  const query = [`tributary.tenant:${SAMPLE_TENANT}`, ...index.key.map((field) => `${field}:${sampleOf(field)}`)];
  const facts = table(['Alias', 'Id of a document'], [[code(aliasOf(index, INDEX_PREFIX)), code(id)]]);
  const curl = `curl -s -G '${ELASTICSEARCH}/${aliasOf(index, INDEX_PREFIX)}/_search?pretty' --data-urlencode 'q=${query.join(' AND ')}'`;
  // A full-text field is searched by words and cannot be a filter.
  const asked = index.key.map((field) =>
    index.text.includes(field) ? sampleOf(field) : `--filter ${field}=${sampleOf(field)}`,
  );
  return [facts, lines([`npx tributary search ${index.name} ${asked.join(' ')}`, curl])].join('\n\n');
}

function caching(cache: CacheDef): string {
  const naming = { prefix: KEY_PREFIX, channels: '' };
  const entry = entryKey(naming, cache, [SAMPLE_TENANT, ...sampleKey(cache)]);
  const pattern = `${KEY_PREFIX}${cache.name}:{${['tenant', ...cache.key].map((name) => `<${name}>`).join(':')}}`;
  const field = cache.sort.length === 0 ? 'record' : cache.sort.map((name) => `<${name}>`).join(':');
  const sampleField = cache.sort.length === 0 ? 'record' : cache.sort.map(sampleOf).join(':');
  const facts = table(
    ['Key', 'Type', 'Hash field', 'Value', 'Channel'],
    [[code(pattern), 'hash', code(field), 'the record as JSON', cache.live ? 'named as the key' : 'none']],
  );
  const commands = [
    `redis-cli HGETALL '${entry}'`,
    `redis-cli HGET '${entry}' '${sampleField}'`,
    ...(cache.live ? [`redis-cli SUBSCRIBE '${entry}'`] : []),
  ];
  const sample = SAMPLE_RECORDS[cache.name];
  const value = sample === undefined ? [] : ['A value:', `\`\`\`json\n${JSON.stringify(sample)}\n\`\`\``];
  return [facts, lines(commands), ...value].join('\n\n');
}
