/** The JSON that the service takes and answers. Times are ISO 8601 in UTC. */
import { z } from 'zod';
import { FILE_FORMATS } from '../files/format.ts';

const time = (doc: string) => z.iso.datetime().describe(doc);
const count = (doc: string) => z.int().min(0).describe(doc);

const PROTECTIONS = ['none', 'zip', 'age'] as const;
export const STATES = ['waiting', 'running', 'done', 'failed', 'cancelled', 'expired'] as const;

const id = z.string().min(1).max(300).describe('The id of the request.');
export const requestPath = z.object({ request: id });

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('The maximum number of results.'),
  cursor: z.string().min(1).max(1000).optional().describe('The value of `next` on the previous page.'),
};

export const parameterShape = z
  .object({
    type: z.enum(['text', 'long', 'date', 'moment', 'zone', 'boolean', 'choice']),
    doc: z.string(),
    optional: z.boolean().describe('Whether it may be left out.'),
    default: z.union([z.string(), z.number(), z.boolean()]).optional(),
    unit: z.string().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    longest: z.int().optional().describe('The maximum number of characters.'),
    of: z.array(z.string()).optional().describe('The values to choose from.'),
    personal: z.boolean().describe('Whether a value identifies a person.'),
  })
  .meta({ id: 'Parameter' });

const columnShape = z
  .object({
    name: z.string(),
    title: z.string(),
    type: z.string(),
    doc: z.string().describe('What a value means, and what null means.'),
    unit: z.string().optional(),
    personal: z.boolean(),
  })
  .meta({ id: 'Column' });

export const reportShape = z
  .object({
    name: z.string(),
    title: z.string(),
    answers: z.string().describe('The question that it answers.'),
    version: z.int(),
    role: z.string().describe('The role that the caller needs for it.'),
    allowed: z.boolean().describe('Whether this caller may have it.'),
    protection: z.enum(['optional', 'required']).describe('Whether its files must be protected.'),
    rowLimit: z.int().describe('The maximum number of rows in a file.'),
    freshMs: z.number().describe('How old a file may be to be reused, in ms.'),
    parameters: z.record(z.string(), parameterShape),
    columns: z.array(columnShape),
  })
  .meta({ id: 'Report' });

const errorShape = z.object({ code: z.string(), message: z.string(), whatToDo: z.string().optional() });

/** Shared by requests and schedules. */
const askedShape = {
  report: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  format: z.string(),
  options: z.record(z.string(), z.string()),
  columns: z.array(z.string()).nullable(),
  protection: z.enum(PROTECTIONS),
  requestedBy: z.string(),
};

export const requestShape = z
  .object({
    id: z.string(),
    ...askedShape,
    schedule: z.object({ id: z.string(), dueAt: time('When it was due.') }).nullable(),
    state: z.enum(STATES),
    createdAt: time('When it was asked for.'),
    updatedAt: time('When it last changed.'),
    attempt: count('Attempts begun so far.'),
    rows: count('Rows written so far.'),
    estimateRows: count('About how many rows it will have.'),
    error: errorShape.nullable().describe('Why the latest attempt failed.'),
    file: z
      .object({
        name: z.string().describe('Under which it is saved.'),
        rows: count('Rows in the file.'),
        bytes: count('Its size.'),
        checksum: z.string().describe('SHA-256, in hex.'),
        truncated: z.boolean().describe('Whether there were more rows than the limit.'),
        asOf: time('It shows the data as they were at this time.'),
        definitionVersion: z
          .string()
          .describe('The version of the report. It changes when the meaning of the rows changes.'),
        columnsVersion: z.string().describe('It changes when the columns change.'),
        finishedAt: time('When it was done.'),
        expiresAt: time('Until when it is kept.'),
      })
      .nullable(),
  })
  .meta({ id: 'Request' });

/** The answer to an asker. */
export const askedRequestShape = requestShape
  .extend({
    notes: z
      .array(z.string())
      .describe('What is already known, as text for people, such as how many learners have consented.'),
  })
  .meta({ id: 'AskedRequest' });

const protectionBody = z
  .strictObject({
    kind: z.enum(PROTECTIONS),
    password: z.string().max(1000).optional().describe('For `zip`.'),
    passphrase: z.string().max(1000).optional().describe('For `age`, instead of recipients.'),
    recipients: z.array(z.string().max(5000)).max(100).optional().describe('For `age`: public keys.'),
  })
  .describe('How the file is protected.');

/** The input of a report. Parameters and options are checked against the report, together with everything else. */
const parameters = z.record(z.string().max(100), z.unknown()).default({});
const columns = z.array(z.string().max(100)).max(500).nullable().default(null);
const askFields = {
  parameters,
  format: z
    .string()
    .max(40)
    .default('csv')
    .meta({ enum: [...FILE_FORMATS] }),
  options: z.record(z.string().max(100), z.string().max(100)).default({}).describe('Of the format.'),
  columns: columns.describe('These alone, in this order.'),
  protection: protectionBody.default({ kind: 'none' }),
  rowLimit: z.int().nullable().default(null).describe('Fewer rows than the report allows.'),
};

export const askBody = z.strictObject({
  ...askFields,
  maxAgeMs: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe('How old a file may be, in ms. 0 makes a new file. Null: as the report says.'),
});

/** The largest number of rows read while the caller waits. */
const MOST_ROWS = 1000;
export const rowsBody = z.strictObject({
  parameters,
  columns: columns.describe('Only these columns, in this order. Null: all columns that are not personal.'),
  limit: z.int().min(1).max(MOST_ROWS).default(100).describe('The maximum number of rows.'),
});

export const scheduleBody = z.strictObject({
  report: z.string().min(1).max(300),
  ...askFields,
  cron: z.string().min(1).max(200).describe('Minute, hour, day of the month, month, day of the week.'),
  zone: z.string().min(1).max(100).default('UTC').describe('An IANA time zone.'),
  catchUp: z
    .enum(['none', 'latest', 'all'])
    .default('latest')
    .describe('What happens to due times at which no worker ran.'),
  enabled: z.boolean().default(true),
});

export const scheduleShape = z
  .object({
    id: z.string(),
    ...askedShape,
    cron: z.string(),
    zone: z.string(),
    catchUp: z.enum(['none', 'latest', 'all']),
    enabled: z.boolean(),
    lastAt: time('The latest due time that made a request.').nullable(),
    nextAt: time('The next due time; null while it is disabled.').nullable(),
    error: errorShape.nullable().describe('Why it was disabled.'),
  })
  .meta({ id: 'Schedule' });

export const previewShape = z
  .object({
    columns: z.array(columnShape),
    rows: z.array(z.array(z.unknown())).describe('Whole numbers beyond 2^53 and decimals are texts.'),
    more: z.boolean().describe('Whether there are more rows.'),
  })
  .meta({ id: 'Preview' });

/** A problem of RFC 9457. */
export const problemShape = z
  .object({
    type: z.string().describe('Always `about:blank`. Use `code` to tell problems apart.'),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().describe('What happened, and what to do.'),
    problems: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .describe('Everything that is wrong, by field, each with what to do.'),
  })
  .meta({ id: 'Problem' });

export const figureColumn = {
  name: z.string(),
  type: z.string(),
  doc: z.string(),
  unit: z.string().optional(),
};

export const datasourceShape = z
  .object({
    name: z.string(),
    title: z.string(),
    about: z.string(),
    dimensions: z.array(z.object({ ...figureColumn, personal: z.boolean() })),
    metrics: z.array(
      z.object({
        ...figureColumn,
        kind: z
          .enum(['count', 'sum', 'min', 'max', 'distinct', 'quantile'])
          .describe('The values of several rows may be added up if it is `count` or `sum`, and not otherwise.'),
      }),
    ),
  })
  .meta({ id: 'Datasource' });
