/** The JSON that the routes of operators take and answer. Times are ISO 8601 in UTC. */
import { z } from 'zod';
import { pageQuery } from '../shapes.ts';
import { JOB_KINDS, LETTER_STATES } from './operations.ts';

const time = (doc: string) => z.iso.datetime().describe(doc);
const count = (doc: string) => z.int().min(0).describe(doc);

const pace = {
  lag: count('Records that it still has to read.'),
  lagSeconds: z
    .number()
    .min(0)
    .nullable()
    .describe('How long the first of these records has waited. Null: there is none, or its time is not known.'),
  rate: z
    .number()
    .min(0)
    .nullable()
    .describe('Records read per second since the previous look. Null while it is not known.'),
};

export const pauseShape = z
  .object({
    by: z.string().nullable().describe('Who paused it.'),
    at: time('Since when.'),
    why: z.string().nullable(),
  })
  .meta({ id: 'Pause' });

export const jobsShape = z
  .object({
    at: time('When the log was looked at.'),
    jobs: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(JOB_KINDS).describe('`reports` takes requests of reports from their topic.'),
        group: z.string().describe('The consumer group.'),
        topic: z.string(),
        ...pace,
        views: z
          .record(z.string(), z.int())
          .describe('The views that are behind its rows, with the number of records.'),
        failed: z
          .object({ code: z.string(), message: z.string() })
          .nullable()
          .describe('The error that ended it in the process that answers. Errors in other processes are not known.'),
        paused: pauseShape
          .nullable()
          .describe('Null: it is not paused, or the tables that store pauses do not answer.'),
        partitions: z.array(
          z.object({
            partition: z.int().min(0),
            begin: count('The first offset that can still be read.'),
            end: count('The offset that the next record will have.'),
            committed: z
              .int()
              .min(0)
              .nullable()
              .describe('The offset at which the group continues. Null: it has never committed.'),
            ...pace,
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'JobStates' });

export const findingsShape = z
  .object({
    at: time('When it was looked at.'),
    findings: z.array(
      z.object({
        check: z.string().describe('What was checked.'),
        state: z.enum(['ok', 'warning', 'problem']),
        message: z.string(),
        todo: z.string().nullable().describe('What to do about it. Null: nothing is wrong.'),
      }),
    ),
  })
  .meta({ id: 'Findings' });

export const jobPath = z.object({ job: z.string().min(1).max(300) });

const why = z.string().max(500).default('').describe('The reason, which is stored with the action.');

export const turnBody = z.strictObject({
  why,
  dryRun: z.boolean().default(false).describe('Only say what would be done.'),
});

export const turnedShape = z
  .object({
    job: z.string(),
    dryRun: z.boolean().describe('Whether this is only what would be done.'),
    paused: pauseShape.nullable().describe('As it is now.'),
    changed: z.boolean().describe('Whether the state changed.'),
  })
  .meta({ id: 'TurnedJob' });

const letterId = z
  .string()
  .max(400)
  .regex(/^[^/]+\/\d{1,10}\/\d{1,16}$/)
  .describe('<topic>/<partition>/<offset> of the rejected record.');
const name = { id: letterId, job: z.string().min(1).max(300).describe('The job or rollup that rejected it.') };
const letterName = z.object(name);

const letter = {
  ...name,
  code: z.string(),
  message: z.string().describe('Why it was rejected.'),
  rejectedAt: time('When it was last rejected.'),
  state: z.enum(LETTER_STATES),
  resolutions: z
    .array(
      z.object({
        how: z.enum(['replayed', 'edited', 'discarded']),
        at: time('When.'),
        by: z.string().nullable(),
        why: z.string().nullable(),
      }),
    )
    .describe('What was done about it, latest last.'),
};

export const lettersShape = z
  .object({
    total: count('How many match.'),
    deadLetters: z.array(z.object(letter).meta({ id: 'DeadLetter' })).describe('The latest rejections come first.'),
    next: z.string().nullable().describe('The cursor of the next page. Null at the end.'),
  })
  .meta({ id: 'DeadLetters' });

export const wholeLetterShape = z
  .object({
    ...letter,
    producedAt: time('When the record was produced. Null: the time is not a valid date.').nullable(),
    key: z.string().nullable().describe('Of the record.'),
    type: z.string().nullable().describe('Of the event, as far as the record can be read.'),
    data: z.unknown().describe('The data of the event. Null if they cannot be read.'),
    problem: z.object({ code: z.string(), message: z.string() }).nullable().describe('Why they cannot be read.'),
    personal: z
      .boolean()
      .describe(
        'Whether everything is here. Without the role `personal-data`, headers, value and personal fields of the data are left out.',
      ),
    headers: z
      .record(z.string(), z.string())
      .nullable()
      .describe('Bytes that are not text are shown as `base64 ` and their base64 encoding.'),
    value: z
      .object({
        base64: z.string().describe('The bytes of the value, at most the first 64 KB.'),
        bytes: count('How many bytes there are.'),
        cutFrom: count('How many there were, if the log has not kept all of them.').nullable(),
      })
      .nullable()
      .describe('The value of the record. Null if it has none, or if it is left out.'),
    rows: z
      .array(z.array(z.string()))
      .nullable()
      .describe('The keys of the rows that did not apply it. Null: it concerns all rows of its event.'),
    unshown: z
      .array(z.array(z.string()))
      .describe('The keys of the rows that applied it, but whose views were not written.'),
    unnamed: count('How many rows the letter could not name.'),
  })
  .meta({ id: 'WholeDeadLetter' });

const filter = {
  job: z.string().min(1).max(300).optional().describe('Of this job or rollup.'),
  code: z.string().min(1).max(100).optional().describe('With this code.'),
  topic: z.string().min(1).max(300).optional().describe('Of this topic.'),
  since: z.iso.datetime({ offset: true }).optional().describe('Rejected at this time or later.'),
  until: z.iso.datetime({ offset: true }).optional().describe('Rejected before this time.'),
};
export type GivenFilter = z.output<z.ZodObject<typeof filter>>;

export const lettersQuery = z.object({
  ...filter,
  state: z
    .enum([...LETTER_STATES, 'any'])
    .default('open')
    .describe('`open`: it is not resolved yet.'),
  ...pageQuery,
});

export const letterPath = z.object({
  topic: z.string().min(1).max(300),
  partition: z.string().regex(/^\d{1,10}$/),
  offset: z.string().regex(/^\d{1,16}$/),
  job: name.job,
});

const MOST_NAMES = 1000;

/** Letters chosen by name or by a filter. */
export const resolveBody = z.strictObject({
  deadLetters: z.array(z.strictObject(name)).min(1).max(MOST_NAMES).optional().describe('These dead letters.'),
  filter: z.strictObject(filter).optional().describe(`Or those that match, at most ${MOST_NAMES}; {} is all.`),
  again: z.boolean().default(false).describe('Also letters that were already resolved.'),
  why,
  dryRun: z.boolean().default(true).describe('Only say what would be done.'),
});

/** A merge patch of the event: omitted fields stay, and null removes a field. */
export const editBody = resolveBody.extend({
  patch: z
    .strictObject({
      type: z.string().max(300).optional(),
      id: z.string().max(4096).optional(),
      source: z.string().max(4096).optional(),
      time: z.iso.datetime({ offset: true }).nullable().optional(),
      tenant: z.string().max(300).nullable().optional(),
      data: z.looseObject({}).optional(),
    })
    .describe('A JSON merge patch (RFC 7396) of the event. Members that it leaves out stay as they are.'),
});

export const MOST_AT_ONCE = MOST_NAMES;

const left = z.array(z.object({ ...name, why: z.string() })).describe('The letters that stay as they are.');
const more = z.boolean().describe('Whether more letters match. If so, call again.');
const dryRun = z.boolean().describe('Whether this is only what would be done.');

export const replayedShape = z
  .object({ dryRun, replayed: z.array(letterName), left, more })
  .meta({ id: 'ReplayedDeadLetters' });
export const discardedShape = z
  .object({ dryRun, discarded: z.array(letterName), left, more })
  .meta({ id: 'DiscardedDeadLetters' });
export const editedShape = z
  .object({
    dryRun,
    edited: z.array(
      z.object({
        ...name,
        event: z
          .object({
            type: z.string(),
            id: z.string(),
            source: z.string(),
            time: z.string(),
            tenant: z.string(),
            data: z.unknown(),
          })
          .describe('As it is after the correction.'),
        leftOut: z
          .array(z.string())
          .describe('Fields that were left out of the data, because the schema does not have them.'),
      }),
    ),
    left,
    more,
  })
  .meta({ id: 'EditedDeadLetters' });
