/** `npm run cql -- "SELECT …"`: one statement on the Cassandra of `npm run servers`, with its rows as a table. */

import { readFileSync } from 'node:fs';
import { Client } from 'cassandra-driver';
import { partFolder } from './installed.ts';

const { tables } = JSON.parse(readFileSync(`${partFolder('data')}/tributary.json`, 'utf8')) as { tables: string };
const { host, pathname } = new URL(tables);
const client = new Client({
  contactPoints: [host],
  localDataCenter: 'datacenter1',
  keyspace: pathname.slice(1),
  encoding: { map: Map },
});
try {
  const { rows } = await client.execute(process.argv.slice(2).join(' '));
  for (const row of rows) {
    for (const name of row.keys()) console.log(`${name.padEnd(16)} ${inspected(row[name])}`);
    console.log('');
  }
  console.log(`${rows.length} rows`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await client.shutdown();
}

function inspected(value: unknown): string {
  if (value instanceof Map) return [...value].map(([key, each]) => `${key}: ${each}`).join(', ');
  return Array.isArray(value) ? value.join(', ') : String(value);
}
