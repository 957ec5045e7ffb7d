/** `tributary demo`, in the calling process: what it runs depends on whether the output is a terminal. */

import { DEFAULT_SERVE_PORT } from '../../app/config/service.ts';
import { freePort } from '../../app/service/free-port.ts';
import { runHere } from '../control/dispatch.ts';
import type { RunForCaller } from '../descriptor.ts';
import { setupOf } from '../setup.ts';

interface Args {
  readonly json: boolean;
  readonly once: boolean;
  readonly presentations: readonly string[];
}

export const run: RunForCaller<Args> = async (caller, streams, { json, once, presentations }) => {
  const { config, platform } = await setupOf(caller, streams.stderr);
  const serves = !json && !once && streams.stdout.isTTY === true;
  const { servePort, serveHost } = config;
  // Links to files name the port, so it has to be known before anything is opened.
  const port = serves && servePort === 0 ? await freePort(serveHost, DEFAULT_SERVE_PORT) : servePort;
  const args = { json, presentations, serves };
  return runHere(
    { config: { ...config, servePort: port }, platform },
    { command: 'import-demo', args, debug: caller.debug },
    streams,
  );
};
