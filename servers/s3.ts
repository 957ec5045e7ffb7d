/** An S3 server: versitygw on a folder. It refuses a key that is a path prefix of another one (`a` and `a/b`). */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from './installed.ts';
import { answersHttp, portFor } from './ports.ts';
import { type Server, startServer } from './server.ts';

export const S3_ACCESS_KEY = 'tributary';
export const S3_SECRET_KEY = 'tributary-secret';
export const S3_REGION = 'us-east-1';

export interface S3Options {
  readonly folder: string;
  readonly port?: number;
  /** Buckets that exist from the start. */
  readonly buckets?: readonly string[];
}

/** The endpoint, `http://127.0.0.1:<port>`; buckets are in the path. Each bucket is a folder of `<folder>/buckets`. */
export async function startS3(options: S3Options): Promise<Server> {
  const port = await portFor(options.port);
  const url = `http://127.0.0.1:${port}`;
  const buckets = join(options.folder, 'buckets');
  for (const bucket of ['', ...(options.buckets ?? [])]) mkdirSync(join(buckets, bucket), { recursive: true });
  return startServer({
    name: 's3',
    url,
    folder: options.folder,
    command: join(installed('s3'), 'versitygw'),
    args: ['--port', `127.0.0.1:${port}`, '--region', S3_REGION, '--quiet', 'posix', buckets],
    // Not as flags, which everybody on the machine can read.
    env: { ROOT_ACCESS_KEY: S3_ACCESS_KEY, ROOT_SECRET_KEY: S3_SECRET_KEY },
    ready: () => answersHttp(url),
  });
}
