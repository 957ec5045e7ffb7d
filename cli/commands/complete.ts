/** Called by the script of `tributary completion` at the Tab key. Prints the possible completions of the last word. */

import { flagOf } from '../../app/config/config.ts';
import { docOf, KEYS } from '../../app/config/keys.ts';
import { print } from '../context.ts';
import type { RunForCaller } from '../descriptor.ts';
import { COMMANDS, GROUPS } from '../descriptors/index.ts';
import { completionOf, type GlobalOption, type Grammar } from './completion/candidates.ts';
import { namesOf } from './completion/names.ts';
import { SCRIPTS, type Shell } from './completion/scripts.ts';
import { linesFor, wordsFrom } from './completion/shells.ts';

interface Args {
  readonly shell: string;
  readonly words: readonly string[];
}

const NONE = { jobs: [], topics: [], datasources: [], reports: [] };

const FLAGS: readonly GlobalOption[] = [
  { flag: '--config', doc: 'the configuration file', takesValue: true, names: 'files', isRare: false },
  { flag: '--debug', doc: 'show where an error came from', takesValue: false, isRare: false },
  { flag: '--help', doc: 'display help for command', takesValue: false, isRare: false },
  { flag: '--version', doc: 'output the version number', takesValue: false, isRare: true },
  ...KEYS.map(
    (key): GlobalOption => ({
      flag: flagOf(key),
      doc: docOf(key),
      takesValue: true,
      ...(key === 'data' ? { names: 'files' } : {}),
      isRare: key !== 'data',
    }),
  ),
];

export const run: RunForCaller<Args> = async ({ platform: load }, streams, { shell, words }) => {
  if (!Object.hasOwn(SCRIPTS, shell)) return 0;
  // Other commands report errors of the platform. Here, only its names are missing.
  const platform = await load().then(
    (loaded) => loaded.platform,
    () => undefined,
  );
  const grammar: Grammar = {
    commands: COMMANDS,
    groups: GROUPS,
    globals: FLAGS,
    namesOf: (names) => namesOf(names, platform ?? NONE),
  };
  const typed = wordsFrom(shell as Shell, words);
  for (const line of linesFor(shell as Shell, typed, completionOf(typed, grammar))) await print(streams, line);
  return 0;
};
