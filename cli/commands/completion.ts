/** `tributary completion`: prints a script with which a shell completes command lines. */
import { hint } from '../../core/hint.ts';
import type { RunForCaller } from '../descriptor.ts';
import { usage } from '../errors.ts';
import { SCRIPTS, type Shell } from './completion/scripts.ts';

export const run: RunForCaller<{ readonly shell: string }> = async (_, { stdout }, { shell }) => {
  const shells = Object.keys(SCRIPTS);
  if (!shells.includes(shell)) throw usage(`there is no completion for ${shell}${hint(shell, shells)}`);
  stdout.write(SCRIPTS[shell as Shell]);
  return 0;
};
