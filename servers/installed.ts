/** The files from which the servers are started: the folder `.servers/` of the checkout, and the JDKs and programs of this machine. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const ROOT = new URL('../.servers/', import.meta.url).pathname;
const JVMS = '/usr/lib/jvm';
const POSTGRES = '/usr/lib/postgresql';

/** Where `npm run servers:install` puts a part, whether or not it exists. */
export const partFolder = (...path: string[]): string => join(ROOT, ...path);

/** The folder of an installed part. Throws if it is missing. */
export function installed(part: string): string {
  if (!existsSync(partFolder(part))) throw new Error(`${part} is not installed: run npm run servers:install`);
  return partFolder(part);
}

/** The home of a JDK: `$JAVA17_HOME` for 17, then `$JAVA_HOME` and /usr/lib/jvm. Undefined if there is none. */
function findJava(fits: (major: number) => boolean, variable: string): string | undefined {
  const found = existsSync(JVMS) ? readdirSync(JVMS).map((name) => join(JVMS, name)) : [];
  return [process.env[variable], process.env['JAVA_HOME'], ...found.sort()].find(
    (home) => home !== undefined && fits(majorOf(home)),
  );
}

/** For Kafka, Cassandra, the registry and Druid. Cassandra 5 runs on no newer version. */
export const java17 = (): string | undefined => findJava((major) => major === 17, 'JAVA17_HOME');
/** For Elasticsearch 9. */
export const java21 = (): string | undefined => findJava((major) => major >= 21, 'JAVA21_HOME');

/** For Trino. */
export const java24 = (): string | undefined => findJava((major) => major >= 24, 'JAVA24_HOME');

function majorOf(home: string): number {
  const release = join(home, 'release');
  if (!existsSync(release)) return 0;
  return Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(release, 'utf8'))?.[1] ?? 0);
}

/** The path of a program on `PATH`; undefined if there is none. */
export function findProgram(name: string, folders = (process.env['PATH'] ?? '').split(delimiter)): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A program of Postgres. Distributions keep `initdb` and `postgres` off the `PATH`, in one folder for each version. */
export function findPostgres(name: string): string | undefined {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => join(POSTGRES, version, 'bin'));
  return findProgram(name, folders) ?? findProgram(name);
}

/** Returns what was found for a server that needs it. Throws if it is missing. */
export function needed(what: string, found: string | undefined): string {
  if (found === undefined) throw new Error(`${what} is missing on this machine: run npm run servers:install`);
  return found;
}
