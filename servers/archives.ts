/**
 * Archives of the classes that a Java server loads at startup. They save a third of the startup work. To make one, the server is started
 * once and asked to dump its classes. Elasticsearch patches a module of Java and so cannot have one.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCassandra } from './cassandra.ts';
import { java17, needed } from './installed.ts';
import { archiveOf, type JavaOptions } from './java.ts';
import { startKafka } from './kafka.ts';
import { startRegistry } from './registry.ts';
import type { Server } from './server.ts';

type Start = (options: JavaOptions & { readonly folder: string }) => Promise<Server>;

/** Keyed by the part from which they are started. */
const STARTS: Readonly<Record<string, Start>> = {
  kafka: startKafka,
  registry: startRegistry,
  cassandra: startCassandra,
};

/** Makes the archive of a part, if it can have one and has none yet. */
export async function archiveClasses(part: string): Promise<void> {
  const start = STARTS[part];
  if (start === undefined || existsSync(archiveOf(part))) return;
  const folder = mkdtempSync(join(tmpdir(), 'tributary-archive-'));
  const jcmd = join(needed('Java 17', java17()), 'bin', 'jcmd');
  const file = `${archiveOf(part)}.${process.pid}`;
  try {
    const server = await start({ folder, record: true });
    try {
      execFileSync(jcmd, [`${server.pid}`, 'VM.cds', 'dynamic_dump', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    } finally {
      await server.kill();
    }
    renameSync(file, archiveOf(part));
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(file, { force: true });
  }
}
