/** How the nodes are authenticated, and how they authenticate us: PEM files. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { messageOf, TributaryError } from '../../../core/errors.ts';

export interface TlsFiles {
  /** The authority that signed the certificates of the nodes. By default, Node's trusted authorities. */
  readonly ca?: string;
  /** Our certificate and its key, for nodes that require one. */
  readonly cert?: string;
  readonly key?: string;
}

/** Throws CONFIG_INVALID for a file that cannot be read. */
export function tlsOptions(files: TlsFiles): ConnectionOptions {
  const options: ConnectionOptions = { rejectUnauthorized: true };
  for (const name of ['ca', 'cert', 'key'] as const) {
    const file = files[name];
    if (file === undefined) continue;
    try {
      options[name] = readFileSync(file);
    } catch (error) {
      const message = `the file ${file} for TLS to Cassandra cannot be read: ${messageOf(error)}; correct its path or rights`;
      throw new TributaryError('CONFIG_INVALID', message, { cause: error });
    }
  }
  return options;
}
