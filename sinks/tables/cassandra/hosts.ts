/**
 * The nodes of a client, which the driver calls hosts: ended for good. Left alone, the driver goes on to connect to some that nobody needs any
 * more, once a second, and a process that has closed its tables does not end.
 */
import type { Client } from 'cassandra-driver';

/** What the types of the driver do not tell. */
export interface Host {
  readonly pool: Pool;
  shutdown(waitForPending: boolean): Promise<void>;
}

interface Pool {
  on(event: 'close', listener: () => void): unknown;
  shutdown(): Promise<void>;
  addExistingConnection(connection: { close(): void }): void;
}

/** For a host that the driver has replaced, or that it has found since the client was closed. */
export function endHost(host: object): void {
  seal(host);
  (host as Host).shutdown(false).catch(() => undefined);
}

export async function endClient(client: Client): Promise<void> {
  for (const host of client.hosts?.values() ?? []) seal(host);
  // A client that is finding its nodes again, as after an outage, goes on with that.
  client.on('hostAdd', endHost);
  await client.shutdown();
}

/** Whatever the driver does with its pool later, no connection is in it, and none is tried. */
function seal(host: object): void {
  const { pool } = host as Host;
  // A pool that was drained opens itself again.
  pool.on('close', () => void pool.shutdown().catch(() => undefined));
  // The connection by which the driver found the host is put into its pool only then.
  pool.addExistingConnection = (connection) => connection.close();
}
