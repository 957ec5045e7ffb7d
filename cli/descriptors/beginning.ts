/** The command by which somebody begins a project of their own. */
import { callerCommand, one } from '../descriptor.ts';

export const init = callerCommand('init', {
  description:
    'Write a small project into a folder: events, a topic and a job of your own beside the built-in ones, with its test and some events to try. The folder is created, or has to be empty except for what `npm install` leaves in it.',
  examples: ['init my-jobs', 'init .'],
  operands: { folder: one('folder', 'files') },
  load: () => import('../commands/init.ts'),
});
