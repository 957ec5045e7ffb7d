/** Postgres: one database, without a password or with one for the user `postgres`. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPostgres, needed } from './installed.ts';
import { answers, portFor } from './ports.ts';
import { type Server, startServer } from './server.ts';
import { unprivileged } from './unprivileged.ts';

const SETTINGS = ['max_connections=100', 'shared_buffers=32MB', 'listen_addresses=127.0.0.1'];
/** The first byte of its answer once it accepts connections. It is `E` during recovery. */
const AUTHENTICATION = 'R'.charCodeAt(0);

export interface PostgresOptions {
  readonly folder: string;
  readonly port?: number;
  /** The password of `postgres`, by SCRAM-SHA-256. Without it, no password is needed. Only takes effect when the data are created. */
  readonly password?: string;
}

/** `postgres://postgres[:<password>]@127.0.0.1:<port>/postgres` */
export async function startPostgres(options: PostgresOptions): Promise<Server> {
  const { folder, password } = options;
  const port = await portFor(options.port);
  const data = join(folder, 'data');
  mkdirSync(folder, { recursive: true });
  const by = unprivileged(folder);
  if (!existsSync(join(data, 'PG_VERSION'))) makeData(folder, data, by, password);
  const login = password === undefined ? 'postgres' : `postgres:${encodeURIComponent(password)}`;
  return startServer({
    name: 'postgres',
    url: `postgres://${login}@127.0.0.1:${port}/postgres`,
    folder,
    by,
    command: needed('postgres', findPostgres('postgres')),
    args: [
      '-D',
      data,
      '-p',
      `${port}`,
      ...[...SETTINGS, `unix_socket_directories=${folder}`].flatMap((setting) => ['-c', setting]),
    ],
    ready: () => answers(port, startupMessage(), (reply) => reply[0] === AUTHENTICATION),
    // Shuts down at once, without waiting for clients to disconnect.
    endsBy: 'SIGINT',
  });
}

function makeData(folder: string, data: string, by: readonly string[], password: string | undefined): void {
  const secret = join(folder, 'password');
  const login = password === undefined ? ['-A', 'trust'] : ['-A', 'scram-sha-256', `--pwfile=${secret}`];
  if (password !== undefined) writeFileSync(secret, password, { mode: 0o644 });
  const initdb = needed('initdb of Postgres', findPostgres('initdb'));
  const [command = '', ...args] = [...by, initdb, '-D', data, '-U', 'postgres', ...login, '-E', 'UTF8', '--no-sync'];
  rmSync(data, { recursive: true, force: true });
  execFileSync(command, [...args, '--locale=C.UTF-8'], { stdio: ['ignore', 'ignore', 'pipe'] });
  rmSync(secret, { force: true });
}

/** Protocol 3.0: the length, the version, then names and values, each terminated by a zero byte. */
function startupMessage(): Buffer {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0\0');
  const message = Buffer.alloc(8 + parameters.length);
  message.writeInt32BE(message.length, 0);
  message.writeInt32BE(0x30000, 4);
  parameters.copy(message, 8);
  return message;
}
