/** The built-in module: enrollments, progress, batches, groups and notifications of a learning platform, with their datasources. */
import { jobs, jobsWith } from '../jobs/index.ts';
import { DEFAULT_OPTIONS, type JobOptions } from '../jobs/options.ts';
import { datasources } from '../reports/datasources/index.ts';
import { reports } from '../reports/definitions/index.ts';
import { topics } from '../topics/index.ts';
import { defineModule, definePlatform } from './define.ts';
import { pipeline } from './pipeline.ts';

export const learning = defineModule({ name: 'learning', topics, jobs, datasources, reports });

/** The same module with other options; options that are not given are as in `learning`. */
export const learningWith = (options: Partial<JobOptions>) =>
  defineModule({ ...learning, jobs: jobsWith({ ...DEFAULT_OPTIONS, ...options }) });

/** The platform that runs if no file names another one. */
export const learningPlatform = definePlatform({ modules: [learning, pipeline] });
