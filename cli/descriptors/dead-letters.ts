/** Commands for the records that no fold could apply. */
import { any, command, flag, one } from '../descriptor.ts';
import { csv, json, ofLetters } from '../options.ts';

export const list = command('dead-letters list', {
  description: 'List the dead letters about which something is to be done.',
  examples: ['dead-letters list --job track-progress --code DATA_INVALID'],
  options: { ...ofLetters, all: flag('also those that were replayed or dismissed'), json, csv },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/list.ts'),
});

export const show = command('dead-letters show', {
  description: 'Show one dead letter: what was wrong with it, and what it is. Its id is <topic>/<partition>/<offset>.',
  examples: ['dead-letters show enrollment.events/3/1042'],
  operands: { id: one('id') },
  options: { json },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/show.ts'),
});

const all = flag('all that match');

export const replay = command('dead-letters replay', {
  description: 'Send records once more to the job that rejected them.',
  examples: ['dead-letters replay --all --code SCHEMA_UNKNOWN'],
  operands: { ids: any('id') },
  options: { all, ...ofLetters, again: flag('also what was replayed or dismissed before'), json },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/replay.ts'),
});

export const dismiss = command('dead-letters dismiss', {
  description: 'Say that nothing is to be done about dead letters: they are listed and counted no more.',
  examples: ['dead-letters dismiss --all --job notify --code DATA_INVALID'],
  operands: { ids: any('id') },
  options: { all, ...ofLetters, json },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/dismiss.ts'),
});
