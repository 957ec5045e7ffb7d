/**
 * The public face: what one declares a platform with, and what runs it.
 *
 *     import { defineModule, definePlatform, learning } from 'tributary';
 *     export default definePlatform({ modules: [learning, mine] });
 *
 * in `tributary.config.ts` is what the command `tributary` of that folder runs.
 */
import type { Platform } from './modules/define.ts';

export { defineModule, definePlatform, type Module, type Platform } from './modules/define.ts';
export { learning, learningWith } from './modules/learning.ts';

/**
 * The command line with this platform, for an entry file of one's own:
 *
 *     process.exitCode = await main(platform);
 *
 * `argv` is what follows the name of the program. Answers the exit code.
 */
export async function main(platform: Platform, argv: readonly string[] = process.argv.slice(2)): Promise<number> {
  const program = await import('./cli/program.ts');
  return program.main(argv, platform);
}
