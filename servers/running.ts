/** For a test that `npm run test:servers` runs: the servers of that run. */
import type { Server } from './server.ts';
import type { ServerName } from './set.ts';

/** Shared by all tests of the run: who pauses or kills a server starts one of its own. */
export type RunningServer = Pick<Server, 'name' | 'url'> & { readonly pid: number };

/** Where the run answers: `GET /<name>`. */
export const SERVERS_VARIABLE = 'TRIBUTARY_SERVERS';

/** Waits until it is ready; the first one who asks for it has it started. Throws what its start failed with. */
export async function running(name: ServerName): Promise<RunningServer> {
  const run = process.env[SERVERS_VARIABLE];
  const file = process.argv[1] ?? '<file>';
  if (run === undefined) throw new Error(`${name} does not run: start this by npm run test:servers -- ${file}`);
  const response = await fetch(`${run}/${name}`);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as RunningServer;
}
