/** How the servers that are Java programs are run: small and quick to start, or big and quick to work. */
import { existsSync } from 'node:fs';
import { partFolder } from './installed.ts';

export interface JavaOptions {
  /** The most its heap may take: `256m`. */
  readonly heap?: string;
  /** For measurements: with the compiler and the collector of production, which take twice the time to start and more memory. */
  readonly throughput?: boolean;
  /** To make its archive of classes. */
  readonly record?: boolean;
}

/** Options of the JVM for a server, by what it is installed as. */
export function jvmOptions(part: string, options: JavaOptions): string[] {
  const { heap = '256m', throughput = false, record = false } = options;
  const speed = throughput
    ? [`-Xms${heap}`, '-XX:+UseG1GC']
    : ['-Xms64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...classArchive(part, record)];
  return [`-Xmx${heap}`, ...speed, '-XX:+ExitOnOutOfMemoryError', '-Djava.awt.headless=true'];
}

/** Where the classes that a server loads on its start are kept, parsed and checked. Of no use to another JDK or another class path. */
export const archiveOf = (part: string): string => partFolder(part, 'classes.jsa');

function classArchive(part: string, record: boolean): string[] {
  if (record) return ['-XX:+RecordDynamicDumpInfo'];
  // One that does not fit is passed over: complaints about it are of no interest.
  return existsSync(archiveOf(part))
    ? [`-XX:SharedArchiveFile=${archiveOf(part)}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
    : [];
}

/** The text of a `.properties` file. */
export const properties = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
