/** What others import: the entry points of the package, the core and the schemas. */
import type { Rule } from './rule.ts';

export const CORE: readonly Rule[] = [
  {
    files: ['index.ts'],
    ours: [
      'core/*',
      'topics/define.ts',
      'jobs/define.ts',
      'reports/{define-datasource,define-report,granularity}.ts',
      'modules/*',
      'cli/program.ts',
    ],
    libraries: [],
    why: 'the public face',
  },
  {
    files: ['learning.ts'],
    ours: ['schemas/**', 'topics/index.ts'],
    libraries: [],
    why: 'the public face of the built-in module: declarations alone',
  },
  { files: ['core/**'], ours: ['core/**'], libraries: [], why: 'what everything else uses' },
  {
    files: ['schemas/**'],
    ours: ['core/*', 'schemas/**'],
    libraries: [],
    why: 'events and rows: declarations, and nothing else',
  },
];
