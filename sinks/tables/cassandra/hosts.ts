/**
 * Ends the nodes of a client, which the driver calls hosts, for good. The driver itself would go on to connect to some
 * of them once a second, and a process that has closed its tables would not end.
 */
import type { Client } from 'cassandra-driver';

/** What the driver's types do not show. */
export interface Host {
  readonly pool: Pool;
  shutdown(waitForPending: boolean): Promise<void>;
}

interface Pool {
  on(event: 'close', listener: () => void): unknown;
  shutdown(): Promise<void>;
  addExistingConnection(connection: { close(): void }): void;
}

/** For a host that the driver has replaced, or has found after the client was closed. */
export function endHost(host: object): void {
  seal(host);
  (host as Host).shutdown(false).catch(() => undefined);
}

export async function endClient(client: Client): Promise<void> {
  for (const host of client.hosts?.values() ?? []) seal(host);
  // A client that is looking for its nodes, as after an outage, goes on looking after it is closed.
  client.on('hostAdd', endHost);
  await client.shutdown();
}

/** Whatever the driver does with the pool later, the pool holds no connection and opens none. */
function seal(host: object): void {
  const { pool } = host as Host;
  // A drained pool opens itself again.
  pool.on('close', () => void pool.shutdown().catch(() => undefined));
  // The connection by which the driver found the host enters the pool only later.
  pool.addExistingConnection = (connection) => connection.close();
}
