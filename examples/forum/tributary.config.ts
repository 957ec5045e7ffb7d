/** What `tributary` runs in this folder: the built-in module, and one of our own. */
import { defineModule, definePlatform, learning } from 'tributary';
import { questionEvents } from './events.ts';
import { watchQuestions } from './watch-questions.ts';

const forum = defineModule({ name: 'forum', topics: [questionEvents], jobs: [watchQuestions] });

export default definePlatform({ modules: [learning, forum] });
