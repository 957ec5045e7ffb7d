/** The built-in module: enrollments, progress, batches, groups and notifications of a learning platform. */
import { jobs } from '../jobs/index.ts';
import { topics } from '../topics/index.ts';
import { defineModule, definePlatform } from './define.ts';

export const learning = defineModule({ name: 'learning', topics, jobs });

/** What runs where no file names another platform. */
export const learningPlatform = definePlatform({ modules: [learning] });
