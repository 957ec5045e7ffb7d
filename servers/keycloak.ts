/** Keycloak, an OpenID Connect provider, with realms imported at startup. It needs about two minutes on two cores. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installed, java17, needed } from './installed.ts';
import { answersHttp, portFor } from './ports.ts';
import { type Server, startServer } from './server.ts';

export interface KeycloakOptions {
  readonly folder: string;
  readonly port?: number;
  /** A realm as exported by Keycloak. */
  readonly realm: { readonly realm: string } & Readonly<Record<string, unknown>>;
}

/** Keycloak starts slowly, and even more so on a busy machine. */
const READY_MS = 400_000;

/** `http://127.0.0.1:<port>/realms/<realm>`: the issuer of its tokens. */
export async function startKeycloak({ folder, port: wanted, realm }: KeycloakOptions): Promise<Server> {
  const port = await portFor(wanted);
  const url = `http://127.0.0.1:${port}/realms/${realm.realm}`;
  // It rebuilds itself with its settings, so each server needs its own copy.
  const home = join(folder, 'home');
  cpSync(join(installed('keycloak'), 'keycloak-26.4.0'), home, { recursive: true });
  mkdirSync(join(home, 'data', 'import'), { recursive: true });
  writeFileSync(join(home, 'data', 'import', `${realm.realm}.json`), JSON.stringify(realm));
  return startServer({
    name: 'keycloak',
    url,
    folder,
    command: join(home, 'bin', 'kc.sh'),
    args: [
      'start-dev',
      '--import-realm',
      '--http-host=127.0.0.1',
      `--http-port=${port}`,
      '--db=dev-mem',
      '--cache=local',
    ],
    env: {
      JAVA_HOME: needed('Java 17', java17()),
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx400m',
    },
    ready: () => answersHttp(`${url}/.well-known/openid-configuration`, 200),
    readyMs: READY_MS,
  });
}
