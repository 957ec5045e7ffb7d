/** How the nodes are known, and known to: files in PEM. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { messageOf, TributaryError } from '../../../core/errors.ts';

export interface TlsFiles {
  /** The authority that signed the certificates of the nodes; left out: those that Node trusts. */
  readonly ca?: string;
  /** A certificate of ours and its key, for nodes that want one. */
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
