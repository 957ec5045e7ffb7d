/** The command that begins a new project. */
import { callerCommand, one } from '../descriptor.ts';

export const init = callerCommand('init', {
  description:
    'Write a small project into a folder: your own events, topic and job beside the built-in ones, with a test and sample events. The folder is created if it does not exist; otherwise it must be empty, except for what `npm install` leaves in it.',
  examples: ['init my-jobs', 'init .'],
  operands: { folder: one('folder', 'files') },
  load: () => import('../commands/init.ts'),
});
