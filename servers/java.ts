/** JVM options of the servers: small and quick to start, or large and fast. */
import { existsSync } from 'node:fs';
import { partFolder } from './installed.ts';

export interface JavaOptions {
  /** The maximum size of the heap, such as `256m`. */
  readonly heap?: string;
  /** For measurements: the compiler and collector of production. The server takes twice as long to start, and more memory. */
  readonly throughput?: boolean;
  /** Whether to record its archive of classes. */
  readonly record?: boolean;
}

/** The JVM options of a server, by the name of its part. */
export function jvmOptions(part: string, options: JavaOptions): string[] {
  const { heap = '256m', throughput = false, record = false } = options;
  const speed = throughput
    ? [`-Xms${heap}`, '-XX:+UseG1GC']
    : ['-Xms64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...classArchive(part, record)];
  return [`-Xmx${heap}`, ...speed, '-XX:+ExitOnOutOfMemoryError', '-Djava.awt.headless=true'];
}

/** The parsed and verified classes that a server loads at startup. Only valid for the same JDK and class path. */
export const archiveOf = (part: string): string => partFolder(part, 'classes.jsa');

function classArchive(part: string, record: boolean): string[] {
  if (record) return ['-XX:+RecordDynamicDumpInfo'];
  // The JVM ignores an archive that does not fit. The warnings about that are silenced.
  return existsSync(archiveOf(part))
    ? [`-XX:SharedArchiveFile=${archiveOf(part)}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
    : [];
}

/** The content of a `.properties` file. */
export const properties = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
