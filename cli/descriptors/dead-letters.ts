/** Commands for the records that no fold could apply. */
import { any, command, flag, one } from '../descriptor.ts';
import { csv, json, ofLetters } from '../options.ts';

export const list = command('dead-letters list', {
  description: 'List the dead letters that were neither replayed nor dismissed.',
  examples: ['dead-letters list --job track-progress --code DATA_INVALID'],
  options: { ...ofLetters, all: flag('also those that were replayed or dismissed'), json, csv },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/list.ts'),
});

export const show = command('dead-letters show', {
  description: 'Show one dead letter: why it was rejected, and the record. Its id is <topic>/<partition>/<offset>.',
  examples: ['dead-letters show enrollment.events/3/1042'],
  operands: { id: one('id') },
  options: { json },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/show.ts'),
});

const all = flag('all that match');

export const replay = command('dead-letters replay', {
  description: 'Send records again to the job that rejected them.',
  examples: ['dead-letters replay --all --code SCHEMA_UNKNOWN'],
  operands: { ids: any('id') },
  options: { all, ...ofLetters, again: flag('also those that were replayed or dismissed before'), json },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/replay.ts'),
});

export const dismiss = command('dead-letters dismiss', {
  description: 'Dismiss dead letters: they are no longer listed and counted.',
  examples: ['dead-letters dismiss --all --job notify --code DATA_INVALID'],
  operands: { ids: any('id') },
  options: { all, ...ofLetters, json },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/dismiss.ts'),
});
