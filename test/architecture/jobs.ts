/** Jobs, their runtime, and the modules that contain them. */
import { DECLARATIONS, JOB_FILES, JOB_FOLDERS, LOG, PORTS, PURE_LIBRARIES, type Rule } from './rule.ts';

export const JOBS: readonly Rule[] = [
  {
    files: ['jobs/index.ts'],
    ours: ['jobs/define.ts', 'jobs/options.ts', ...JOB_FILES],
    libraries: [],
    why: 'a list of jobs',
  },
  {
    files: ['jobs/define.ts'],
    ours: ['core/*', 'topics/define.ts'],
    libraries: [],
    why: 'what a job is, whatever jobs there are',
  },
  {
    files: ['jobs/*', ...JOB_FOLDERS],
    ours: ['core/*', 'schemas/**', ...DECLARATIONS, 'jobs/*', '!jobs/index.ts', '{folder}/*'],
    libraries: PURE_LIBRARIES,
    why: 'a job is pure, and hands events to other jobs and nothing else',
  },
  {
    files: ['modules/learning.ts', 'modules/pipeline.ts'],
    ours: [
      'modules/{define,pipeline}.ts',
      'jobs/index.ts',
      'jobs/options.ts',
      'topics/index.ts',
      'reports/datasources/{index,pipeline}.ts',
      'reports/definitions/index.ts',
    ],
    libraries: [],
    why: 'the built-in modules: the files that have the lists of topics, jobs and datasources',
  },
  {
    files: ['modules/**'],
    ours: [
      'core/*',
      'topics/define.ts',
      'jobs/define.ts',
      'reports/{define-datasource,define-report,names}.ts',
      'modules/*',
      '!modules/learning.ts',
      '!modules/pipeline.ts',
    ],
    libraries: [],
    why: 'what modules and platforms are, whatever modules there are',
  },
  {
    files: ['jobs/runtime/*', 'jobs/runtime/offsets/*', '!jobs/runtime/index.ts'],
    ours: ['core/*', ...LOG, 'jobs/define.ts', 'jobs/runtime/*', 'jobs/runtime/offsets/*', ...PORTS],
    libraries: ['node:crypto', 'node:timers/promises'],
    why: 'the owner of a partition does not know what its handler makes of the records',
  },
  {
    files: ['jobs/runtime/**'],
    ours: ['core/*', ...LOG, 'topics/tracing/*', 'jobs/define.ts', 'jobs/runtime/**', 'schemas/pipeline.ts', ...PORTS],
    libraries: ['node:crypto', 'node:timers/promises'],
    why: 'the runtime can be tested with any wiring and any jobs',
  },
];
