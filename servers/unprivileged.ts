/** Postgres and Elasticsearch refuse to be run by root. */
import { execFileSync } from 'node:child_process';

// A user namespace in which root has another number: it still owns its files, wherever they lie.
const NAMESPACE = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
const NOBODY = '65534';

/**
 * What a command is run by so that it does not see root, with its folder made fit for that; nothing for who is not root.
 * Where user namespaces are forbidden the folder becomes nobody's: then the folders above it must be open to all.
 */
export function unprivileged(folder: string): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  const [command = '', ...args] = [...NAMESPACE, 'true'];
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return NAMESPACE;
  } catch {
    execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, folder]);
    return ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'];
  }
}
