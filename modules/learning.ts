/** The built-in module: enrollments, progress, batches, groups and notifications of a learning platform, and what is counted of them. */
import { jobs, jobsWith } from '../jobs/index.ts';
import { DEFAULT_OPTIONS, type JobOptions } from '../jobs/options.ts';
import { datasources } from '../reports/datasources/index.ts';
import { topics } from '../topics/index.ts';
import { defineModule, definePlatform } from './define.ts';

export const learning = defineModule({ name: 'learning', topics, jobs, datasources });

/** The same with options of one's own; what is not given is as in `learning`. */
export const learningWith = (options: Partial<JobOptions>) =>
  defineModule({ name: learning.name, topics, jobs: jobsWith({ ...DEFAULT_OPTIONS, ...options }), datasources });

/** What runs where no file names another platform. */
export const learningPlatform = definePlatform({ modules: [learning] });
