/** Finds a free port. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** The wanted port, or another one if that is taken or not allowed. Another process may take it before it is used. */
export async function freePort(host: string, wanted: number): Promise<number> {
  return (await listened(host, wanted)) ?? (await listened(host, 0)) ?? wanted;
}

async function listened(host: string, port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
}
