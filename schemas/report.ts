/** Events about reports. Topics `report.requests` and `report.events`, keyed by `userId`, the asker. */
import { defineEvent } from '../core/event.ts';
import { moment } from '../core/moment.ts';

const namespace = 'org.tributary.report';

const userId = { name: 'userId', type: 'string', doc: 'The user who asks for the report.', person: true } as const;
const report = { name: 'report', type: 'string', doc: 'The name of the report, such as "enrollment-trend".' } as const;
const requestId = { name: 'requestId', type: 'string', doc: 'The request.' } as const;
const title = { name: 'title', type: 'string', doc: 'The title of the report.', default: '' } as const;
const texts = (name: 'parameters' | 'options', doc: string) =>
  ({ name, type: { type: 'map', values: 'string' }, doc, default: {} }) as const;
const code = { name: 'code', type: 'string', doc: 'The code of the error.' } as const;
const message = { name: 'message', type: 'string', doc: 'What is wrong, and what to do.' } as const;

export const reportRequested = defineEvent(
  'report.requested',
  {
    type: 'record',
    name: 'Requested',
    namespace,
    doc: 'A service asks for a report on behalf of a user, and vouches for the roles of the user. If the same report was made a short time before, the user gets the same file. A password must not be written to a log, so these files can be protected only by encrypting them for age recipients.',
    fields: [
      userId,
      report,
      texts('parameters', 'The parameters of the report, by name, as text.'),
      { name: 'format', type: 'string', doc: 'csv, xlsx, ndjson or parquet.', default: 'xlsx' },
      texts('options', 'The options of the format, by name.'),
      {
        name: 'columns',
        type: { type: 'array', items: 'string' },
        doc: 'The columns, in this order. Empty: all columns that the user may have.',
        default: [],
      },
      {
        name: 'recipients',
        type: { type: 'array', items: 'string' },
        doc: 'Public keys for age. The file is encrypted for their owners. Empty: the file is not encrypted.',
        default: [],
      },
      {
        name: 'roles',
        type: { type: 'array', items: 'string' },
        doc: 'The roles of the user: analyst, personal-data, operator.',
        default: ['analyst'],
      },
      {
        name: 'rowLimit',
        type: ['null', 'long'],
        doc: 'The maximum number of rows in the file. Absent: the limit of the report.',
        unit: 'rows',
        minimum: 1,
        default: null,
      },
      {
        name: 'freshMs',
        type: ['null', 'long'],
        doc: 'The maximum age of an earlier file that may be reused. Absent: the limit of the report.',
        unit: 'ms',
        minimum: 0,
        default: null,
      },
    ],
  },
  {
    userId: 'teacher-1',
    report: 'learner-progress',
    parameters: { batch: 'rivers-2026' },
    format: 'xlsx',
    roles: ['analyst'],
  },
);

export const reportDone = defineEvent(
  'report.done',
  {
    type: 'record',
    name: 'Done',
    namespace,
    doc: 'A report is done. One event for each user who asked for it.',
    fields: [
      userId,
      requestId,
      report,
      title,
      { name: 'format', type: 'string', doc: 'csv, xlsx, ndjson or parquet.' },
      { name: 'protection', type: 'string', doc: 'How the file is protected: none, zip or age.' },
      { name: 'rows', type: 'long', doc: 'The number of rows in the file.', unit: 'rows' },
      { name: 'truncated', type: 'boolean', doc: 'Whether the report has more rows than the file.' },
      { name: 'bytes', type: 'long', doc: 'The size of the file.', unit: 'bytes' },
      { name: 'checksum', type: 'string', doc: 'SHA-256 of the file, in hex.' },
      { name: 'asOf', type: 'long', doc: 'The file shows the data as they were at this time.', ...moment },
      { name: 'expiresAt', type: 'long', doc: 'When the file is removed.', ...moment },
    ],
  },
  {
    userId: 'teacher-1',
    requestId: '6f1c-1',
    report: 'learner-progress',
    title: 'Learner progress',
    format: 'xlsx',
    protection: 'none',
    rows: 120,
    truncated: false,
    bytes: 9000,
    checksum: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    asOf: 1_772_000_000_000,
    expiresAt: 1_772_600_000_000,
  },
);

export const reportFailed = defineEvent(
  'report.failed',
  {
    type: 'record',
    name: 'Failed',
    namespace,
    doc: 'A report failed for good. One event for each user who asked for it.',
    fields: [userId, requestId, report, title, code, message],
  },
  {
    userId: 'teacher-1',
    requestId: '6f1c-1',
    report: 'learner-progress',
    title: 'Learner progress',
    code: 'OBJECTS_AWAY',
    message: 'the objects did not answer; ask again later',
  },
);

export const reportRefused = defineEvent(
  'report.refused',
  {
    type: 'record',
    name: 'Refused',
    namespace,
    doc: 'A report that an event asked for cannot run: its parameters are wrong, or the user may not have it. No request is stored.',
    fields: [
      userId,
      { name: 'eventId', type: 'string', doc: 'The id of the event that asked for it.' },
      report,
      code,
      message,
    ],
  },
  {
    userId: 'teacher-1',
    eventId: 'ask-1',
    report: 'learner-progress',
    code: 'USAGE',
    message: 'learner-progress cannot run like this: the parameter batch is missing: The batch.',
  },
);
