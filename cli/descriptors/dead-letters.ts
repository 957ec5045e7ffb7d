/** Commands for the records that no fold could apply. */
import { any, command, flag, one, value } from '../descriptor.ts';
import { csv, deadLetterFilter, dryRun, json } from '../options.ts';
import { recorded, why } from '../recorded.ts';

export const list = command('dead-letters list', {
  description: 'List the dead letters about which nothing was done yet.',
  examples: ['dead-letters list --job track-progress --code DATA_INVALID'],
  options: { ...deadLetterFilter, all: flag('also those that were replayed, edited or discarded'), json, csv },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/list.ts'),
});

export const show = command('dead-letters show', {
  description:
    'Show one dead letter: why it was rejected, what was done about it, and the record. Its id is <topic>/<partition>/<offset>.',
  examples: ['dead-letters show enrollment.events/3/1042'],
  operands: { id: one('id') },
  options: { json },
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/show.ts'),
});

const again = flag('also those that were replayed, edited or discarded before');
const resolving = { all: flag('all that match'), ...deadLetterFilter, again, why, dryRun, json };

export const replay = command('dead-letters replay', {
  description: 'Send records again to the job that rejected them.',
  examples: ['dead-letters replay --all --code SCHEMA_UNKNOWN --dry-run'],
  operands: { ids: any('id') },
  options: resolving,
  args: recorded,
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/replay.ts'),
});

export const discard = command('dead-letters discard', {
  description: 'Discard dead letters: they are no longer listed and counted.',
  examples: ["dead-letters discard --all --job notify --code DATA_INVALID --why 'sent by a test'"],
  operands: { ids: any('id') },
  options: resolving,
  args: recorded,
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/discard.ts'),
});

export const edit = command('dead-letters edit', {
  description:
    'Send the events of dead letters again, corrected, to the job that rejected them. The correction is a JSON merge patch of the event: what it leaves out stays.',
  examples: [
    'dead-letters edit enrollment.events/3/1042 --patch correction.json --dry-run',
    'dead-letters edit --all --code DATA_INVALID --since 2d --patch correction.json',
  ],
  operands: { ids: any('id') },
  options: {
    ...resolving,
    patch: value('file', 'the correction, such as {"data": {"courseId": "rivers"}}; the standard input without it', {
      names: 'files',
    }),
  },
  args: ({ patch: _, ...values }) => recorded(values),
  input: ({ patch }) => patch ?? '-',
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/edit.ts'),
});
