/** Commands for dead letters. */
import { any, command, flag, one, value } from '../descriptor.ts';
import { csv, deadLetterFilter, dryRun, json } from '../options.ts';
import { recorded, why } from '../recorded.ts';

export const list = command('dead-letters list', {
  description: 'List the dead letters that nobody has dealt with yet.',
  examples: ['dead-letters list --job track-progress --code DATA_INVALID'],
  options: { ...deadLetterFilter, all: flag('include those that were replayed, edited or discarded'), json, csv },
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

const again = flag('include those that were already replayed, edited or discarded');
const resolving = { all: flag('all dead letters that match'), ...deadLetterFilter, again, why, dryRun, json };

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
  description: 'Discard dead letters: they are no longer listed or counted.',
  examples: ["dead-letters discard --all --job notify --code DATA_INVALID --why 'sent by a test'"],
  operands: { ids: any('id') },
  options: resolving,
  args: recorded,
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/discard.ts'),
});

export const edit = command('dead-letters edit', {
  description:
    'Correct the events of dead letters, and send them again to the job that rejected them. The correction is a JSON merge patch of the event: fields that it leaves out stay as they are.',
  examples: [
    'dead-letters edit enrollment.events/3/1042 --patch correction.json --dry-run',
    'dead-letters edit --all --code DATA_INVALID --since 2d --patch correction.json',
  ],
  operands: { ids: any('id') },
  options: {
    ...resolving,
    patch: value(
      'file',
      'the file with the correction, such as {"data": {"courseId": "rivers"}} (default: standard input)',
      {
        names: 'files',
      },
    ),
  },
  args: ({ patch: _, ...values }) => recorded(values),
  input: ({ patch }) => patch ?? '-',
  prepares: 'embedded',
  load: () => import('../commands/dead-letters/edit.ts'),
});
