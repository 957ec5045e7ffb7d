/** Postgres and Elasticsearch refuse to run as root. */
import { execFileSync } from 'node:child_process';

// A user namespace in which root has another number. It still owns its files, wherever they are.
const NAMESPACE = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
const NOBODY = '65534';

/**
 * The command prefix that hides root from a command; it prepares the folder for that. Empty if the user is not root. If user namespaces are
 * forbidden, the folder is given to nobody, and the folders above it must be accessible to all.
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
