/** The schema registry in the shared SQLite file. The same schema has a different id under each subject. */
import { type Database, guarded } from '../../embedded/database.ts';
import type { Registry } from '../codec/registry.ts';

const TABLES = `
  CREATE TABLE IF NOT EXISTS registry_schemas (
    id INTEGER PRIMARY KEY, subject TEXT NOT NULL, schema TEXT NOT NULL, UNIQUE (subject, schema));
`;

/** The database stays open when the registry is closed. */
export function embeddedRegistry(database: Database): Registry {
  database.exec(TABLES);
  return {
    register: (subject, schema) =>
      guarded('REGISTRY_AWAY', `registering a schema under ${subject}`, () => {
        const [[id]] = database.transaction(() => {
          database
            .statement('INSERT INTO registry_schemas (subject, schema) VALUES (?, ?) ON CONFLICT DO NOTHING')
            .run(subject, schema);
          return database
            .statement('SELECT id FROM registry_schemas WHERE subject = ? AND schema = ?')
            .all<[number]>(subject, schema);
        }) as [[number]];
        return id;
      }),

    schema: (id) =>
      guarded('REGISTRY_AWAY', `reading schema ${id}`, () => {
        const row = database.statement('SELECT schema FROM registry_schemas WHERE id = ?').get<[string]>(id);
        return row?.[0];
      }),

    async close() {},
  };
}
