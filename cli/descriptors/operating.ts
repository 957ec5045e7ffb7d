/** Commands for operators: topics, tables, indexes, views and the installation as a whole. */
import { any, callerCommand, command, flag, innerCommand, one, optional, preset, value } from '../descriptor.ts';
import { csv, dryRun, json, keysHelp, only, tenant, whole } from '../options.ts';

export const forget = command('forget', {
  description:
    'Show where a user is named, or remove the user with --yes: from rows, views, messages, report files, archives and rollups. A proof is kept. If the command is interrupted, run it again to continue.',
  examples: ['forget learner-1', 'forget learner-1 --tenant acme --yes'],
  operands: { user: one('user') },
  options: {
    tenant,
    yes: flag('remove the user; this cannot be undone'),
    timeoutMs: preset('n', 'how long to wait for the jobs to process the removal, in ms', 600_000, whole),
    json,
  },
  prepares: 'embedded',
  load: () => import('../commands/forget.ts'),
});

export const topics = command('topics', {
  description: 'List the topics, or the events of one topic.',
  examples: ['topics enrollment.events'],
  operands: { topic: optional('topic', 'topics') },
  options: { json, csv },
  args: (values, { colors }) => ({ ...values, colors }),
  prepares: 'embedded',
  load: () => import('../commands/topics.ts'),
});

export const verifyTopics = command('topics verify', {
  description: 'Show how the topics differ from their declarations; exit with 1 if they do.',
  examples: ['topics verify --json'],
  options: { json },
  prepares: 'nothing',
  load: () => import('../commands/topics/verify.ts'),
});

export const applyTopics = command('topics apply', {
  description:
    'Create missing topics, and expand topics that have too few partitions. A topic is expanded only if no job is running and everything has been read. Topics never shrink.',
  examples: ['topics apply --dry-run'],
  options: { dryRun, json },
  prepares: 'nothing',
  makesFolder: true,
  load: () => import('../commands/topics/apply.ts'),
});

export const exportTopics = callerCommand('topics export', {
  description:
    'Print all topics and events as an AsyncAPI 3.0 document, from which clients can be generated. With --out, write it and a JSON Schema of each event into a folder.',
  examples: ['topics export > asyncapi.json', 'topics export --out events'],
  options: { out: value('folder', 'write asyncapi.json and schemas/ to this folder', { names: 'files' }) },
  load: () => import('../commands/topics/export.ts'),
});

export const tables = command('tables', {
  description: 'List the tables, and which job writes each.',
  examples: ['tables'],
  options: { json, csv },
  prepares: 'nothing',
  load: () => import('../commands/tables.ts'),
});

export const applyTables = command('tables apply', {
  description: 'Create missing tables and columns. Nothing is ever dropped.',
  examples: ['tables apply --dry-run > tables.cql'],
  options: { dryRun, json },
  prepares: 'nothing',
  makesFolder: true,
  load: () => import('../commands/tables/apply.ts'),
});

export const indexes = command('indexes', {
  description: 'List the search indexes, and which job writes each.',
  examples: ['indexes'],
  options: { json, csv },
  prepares: 'nothing',
  load: () => import('../commands/indexes.ts'),
});

export const applyIndexes = command('indexes apply', {
  description: 'Create missing search indexes and fields. Nothing is ever dropped.',
  examples: ['indexes apply --dry-run'],
  options: { dryRun, json },
  prepares: 'nothing',
  makesFolder: true,
  load: () => import('../commands/indexes/apply.ts'),
});

export const renewIndex = command('indexes renew', {
  description:
    'Replace a search index with a new, empty one as it is declared now. Fill it with rebuild-views afterwards.',
  examples: ['indexes renew enrollments'],
  operands: { index: one('index', 'indexes') },
  options: { json },
  prepares: 'nothing',
  load: () => import('../commands/indexes/renew.ts'),
});

export const rebuildViews = command('rebuild-views', {
  description:
    'Write all view records again from the rows, for example after the loss of a cache or an index. Jobs may keep running.',
  examples: ['rebuild-views track-progress --only cache'],
  operands: { jobs: any('job', 'jobs') },
  options: { only, json },
  prepares: 'all',
  load: () => import('../commands/rebuild-views.ts'),
});

export const doctor = callerCommand('doctor', {
  description: 'Check the installation, and show what is wrong and what to do about it.',
  examples: ['doctor --json'],
  options: { tenant, json },
  args: (values, { colors }) => ({ ...values, colors }),
  load: () => import('../commands/doctor.ts'),
});

/** The part of `doctor` that looks into the stores. */
export const findings = innerCommand('doctor-findings', {
  prepares: 'embedded',
  load: () => import('../commands/doctor/findings.ts'),
});

export const config = callerCommand('config', {
  description: 'Show the effective configuration, and the source of each value. Secrets are masked.',
  examples: ['config --json'],
  options: { json },
  more: keysHelp,
  load: () => import('../commands/config.ts'),
});

export const docs = callerCommand('docs', {
  description: 'Write a Markdown page of all topics and events, and one of all projections, into a folder.',
  examples: ['docs docs/events'],
  operands: { folder: one('folder', 'files') },
  options: { check: flag('write nothing; exit with 1 if a page differs from what the platform declares') },
  load: () => import('../commands/docs.ts'),
});
