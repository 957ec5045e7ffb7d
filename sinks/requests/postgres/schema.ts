/** The statements that find and make the tables. */
import type { Statement } from './request.ts';

export function schemaStatementsOf(schema: string) {
  const version = `"${schema}".schema_version`;
  return {
    /** Held until the transaction ends: if several processes start at once, one creates the tables. */
    lock: { text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', values: [`tributary ${schema}`] },
    hasSchema: { text: 'SELECT to_regnamespace($1) IS NOT NULL', values: [`"${schema}"`] },
    makeSchema: { text: `CREATE SCHEMA IF NOT EXISTS "${schema}"`, values: [] },
    makeVersion: { text: `CREATE TABLE IF NOT EXISTS ${version} (version bigint PRIMARY KEY)`, values: [] },
    hasVersion: { text: 'SELECT to_regclass($1) IS NOT NULL', values: [version] },
    /** The number of the last migration that was applied. */
    version: { text: `SELECT coalesce(max(version), 0) FROM ${version}`, values: [] },
    setVersion: (made: number): Statement => ({ text: `INSERT INTO ${version} VALUES ($1)`, values: [made] }),
  };
}
