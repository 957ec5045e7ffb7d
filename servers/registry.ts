/** A schema registry that speaks Confluent's REST API: Apicurio, with its schemas in a file. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installed, java17, needed } from './installed.ts';
import { type JavaOptions, jvmOptions } from './java.ts';
import { answersHttp, portFor } from './ports.ts';
import { type Server, startServer } from './server.ts';

export interface RegistryOptions extends JavaOptions {
  readonly folder: string;
  readonly port?: number;
}

/** `http://127.0.0.1:<port>/apis/ccompat/v7`: the paths of Confluent's registry are below this one. */
export async function startRegistry(options: RegistryOptions): Promise<Server> {
  const port = await portFor(options.port);
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  const part = installed('registry');
  const jar = needed(
    'the jar of the registry',
    readdirSync(part).find((name) => name.endsWith('-runner.jar')),
  );
  return startServer({
    name: 'registry',
    url,
    folder: options.folder,
    command: join(needed('Java 17', java17()), 'bin', 'java'),
    args: [
      ...jvmOptions('registry', options),
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      '-Dquarkus.log.level=WARN',
      // Without a write delay, an acknowledged schema survives a kill.
      `-Dquarkus.datasource.jdbc.url=jdbc:h2:file:${join(options.folder, 'schemas')};WRITE_DELAY=0`,
      '-Dquarkus.datasource.jdbc.initial-size=2',
      '-Dquarkus.datasource.jdbc.min-size=2',
      '-jar',
      join(part, jar),
    ],
    ready: () => answersHttp(`${url}/subjects`, 200),
  });
}
