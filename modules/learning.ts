/** The built-in module: enrollments, progress, batches, groups and notifications of a learning platform, and what is counted of them. */
import { jobs, jobsWith } from '../jobs/index.ts';
import { DEFAULT_OPTIONS, type JobOptions } from '../jobs/options.ts';
import { datasources } from '../reports/datasources/index.ts';
import { topics } from '../topics/index.ts';
import { defineModule, definePlatform } from './define.ts';

export const learning = defineModule({ name: 'learning', topics, jobs, datasources });

/** The same module with other options; options that are not given are as in `learning`. */
export const learningWith = (options: Partial<JobOptions>) =>
  defineModule({ name: learning.name, topics, jobs: jobsWith({ ...DEFAULT_OPTIONS, ...options }), datasources });

/** The platform that runs if no file names another one. */
export const learningPlatform = definePlatform({ modules: [learning] });
