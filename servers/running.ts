/** The servers of a `npm run test:servers` run, for its tests. */
import type { Server } from './server.ts';
import type { ServerName } from './set.ts';

/** Shared by all tests of the run. A test that pauses or kills a server must start its own. */
export type RunningServer = Pick<Server, 'name' | 'url'> & { readonly pid: number };

/** The variable with the address of the run, which answers `GET /<name>`. */
export const SERVERS_VARIABLE = 'TRIBUTARY_SERVERS';

/** Waits until the server is ready. The first call for a server starts it. Throws the error of a failed start. */
export async function running(name: ServerName): Promise<RunningServer> {
  const run = process.env[SERVERS_VARIABLE];
  const file = process.argv[1] ?? '<file>';
  if (run === undefined) throw new Error(`${name} does not run: start this by npm run test:servers -- ${file}`);
  const response = await fetch(`${run}/${name}`);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as RunningServer;
}
