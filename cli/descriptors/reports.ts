/** Commands that request reports, follow them and download their files. */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { messageOf } from '../../core/errors.ts';
import type { AskedFor } from '../commands/report/asked.ts';
import { command, flag, one, preset, type Values, value, values } from '../descriptor.ts';
import { usage } from '../errors.ts';
import { csv, json, natural, tenant, whole } from '../options.ts';

const FORMATS = ['csv', 'xlsx', 'ndjson', 'parquet'];
const ROLES = ['analyst', 'personal-data', 'operator'];
const STATES = ['waiting', 'running', 'done', 'failed', 'cancelled', 'expired'];
const CATCH_UP = ['none', 'latest', 'all'] as const;

const report = one('report', 'reports');
const id = one('request');
const as = value('user', 'on behalf of this user (default: the user who runs the command)');
const role = values('role', 'a role of the user; may be repeated (default: analyst, operator)', { names: ROLES });
const out = value('file', 'save the file here; - is standard output', { short: '-o', names: 'files' });

const whatFor = {
  param: values('name=value', 'a parameter of the report; may be repeated', { parse: pair }),
  format: preset('name', `one of ${FORMATS.join(', ')}`, 'csv'),
  option: values('name=value', 'an option of the format, such as zone=Asia/Kolkata; may be repeated', {
    parse: pair,
  }),
  columns: value('names', 'only these columns, in this order, separated by commas', {
    parse: (text) => text.split(','),
  }),
  rowLimit: value('n', 'at most this many rows', { parse: whole }),
  passwordFile: value('file', 'protect the report: as a zip with the password in this file', { names: 'files' }),
  recipient: values('age1…', 'protect the report: encrypt it with age for this public key; may be repeated'),
  passphraseFile: value('file', 'protect the report: encrypt it with age, with the passphrase in this file', {
    names: 'files',
  }),
  as,
  role,
  tenant,
};
const maxAge = value(
  'seconds',
  'reuse a file that is at most this old; 0 always makes a new one (default: as the report declares)',
  {
    parse: natural,
  },
);

type Typed = Values<{ report: typeof report }, typeof whatFor>;

function asked({ report, param, option, as, role, ...others }: Typed, maxAgeSeconds: number | null): AskedFor {
  const { format, columns, rowLimit, tenant } = others;
  return {
    tenant,
    report,
    parameters: once('--param', param),
    format,
    options: once('--option', option),
    columns,
    rowLimit,
    protection: protectionOf(others),
    requestedBy: as ?? userInfo().username,
    roles: role.length === 0 ? ['analyst', 'operator'] : role,
    freshMs: maxAgeSeconds === null ? null : maxAgeSeconds * 1000,
  };
}

/** Secrets are in files, because every user of the machine can see a command line. */
function protectionOf({
  passwordFile,
  passphraseFile,
  recipient,
}: Pick<Typed, 'passwordFile' | 'passphraseFile' | 'recipient'>): AskedFor['protection'] {
  const given = [passwordFile, passphraseFile, recipient.length > 0 ? recipient : null].filter((each) => each !== null);
  if (given.length > 1) throw usage('give one of --password-file, --passphrase-file and --recipient');
  if (passwordFile !== null) return { kind: 'zip', password: lineIn(passwordFile) };
  if (passphraseFile !== null) return { kind: 'age', passphrase: lineIn(passphraseFile) };
  return recipient.length > 0 ? { kind: 'age', recipients: recipient } : { kind: 'none' };
}

function lineIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw usage(`${file} cannot be read: ${messageOf(error)}`);
  }
}

function pair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new InvalidArgumentError('Give a name and a value, such as batch=AAA-2013J.');
}

function once(flagName: string, pairs: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const names = pairs.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw usage(`${flagName} ${twice} is given twice`);
  return Object.fromEntries(pairs);
}

const pathOf = (file: string | null): string | null => (file === null || file === '-' ? file : resolve(file));

export const list = command('report list', {
  description: 'List the reports.',
  examples: ['report list'],
  options: { json, csv },
  args: (values, { colors }) => ({ ...values, colors }),
  prepares: 'nothing',
  load: () => import('../commands/report/list.ts'),
});

export const describe = command('report describe', {
  description: 'Show what a report answers, its parameters, and the meaning of its columns.',
  examples: ['report describe learner-progress'],
  operands: { report },
  options: { json },
  args: (values, { colors }) => ({ ...values, colors }),
  prepares: 'nothing',
  load: () => import('../commands/report/describe.ts'),
});

export const run = command('report run', {
  description:
    'Run a report in this process, and save its file. If the same report was made recently, its file is reused. If a worker has already started it, the command waits for the worker.',
  examples: [
    'report run enrollment-trend --format xlsx --out trend.xlsx',
    'report run learner-progress --param batchId=AAA-2013J --format xlsx --out progress.xlsx',
    'report run learners-personal-data --param batchId=rivers-2026 --role personal-data --recipient age1… -o people.csv.age',
  ],
  operands: { report },
  options: { ...whatFor, maxAge, out, json },
  args: ({ maxAge, out, json, ...typed }, { progress }) => ({
    asked: asked(typed, maxAge),
    out: pathOf(out),
    json,
    progress,
  }),
  prepares: 'embedded',
  load: () => import('../commands/report/run.ts'),
});

export const request = command('report request', {
  description: 'Request a report, which a worker makes, and print the id of the request.',
  examples: ['report request activity --param every=week', 'report request activity --wait --out activity.csv'],
  operands: { report },
  options: { ...whatFor, maxAge, wait: flag('wait until it is done'), out, json },
  args: ({ maxAge, wait, out, json, ...typed }, { progress }) => {
    if (out !== null && !wait) throw usage('--out goes with --wait');
    return { asked: asked(typed, maxAge), wait, out: pathOf(out), json, progress };
  },
  prepares: 'embedded',
  load: () => import('../commands/report/request.ts'),
});

export const status = command('report status', {
  description: 'Show report requests: all of a tenant, newest first, or the one with this id.',
  examples: ['report status', 'report status --state running', 'report status 4f1c…-1 --json'],
  operands: { request: { ...one('request'), shown: 'request', count: 'optional' } },
  options: {
    tenant,
    report: value('name', 'only those for this report', { names: 'reports' }),
    state: values('state', 'only those in this state; may be repeated', { parse: stateNamed, names: STATES }),
    user: value('name', 'only those that this user asked for'),
    limit: preset('n', 'at most this many requests', 20, whole),
    after: value('cursor', 'show the next page: the cursor that the previous page printed'),
    json,
    csv,
  },
  args: (values, { colors }) => ({ ...values, colors }),
  prepares: 'embedded',
  load: () => import('../commands/report/status.ts'),
});

export const cancel = command('report cancel', {
  description: 'Cancel a waiting or running request, for everyone who asked for it.',
  examples: ['report cancel 4f1c…-1'],
  operands: { request: id },
  options: { tenant },
  prepares: 'embedded',
  load: () => import('../commands/report/cancel.ts'),
});

export const download = command('report download', {
  description: 'Save the file of a request that is done, after checking its checksum.',
  examples: [
    'report download 4f1c…-1 --out progress.xlsx',
    'report download 4f1c…-1 --about',
    'report download 4f1c…-1 --link',
  ],
  operands: { request: id },
  options: {
    out,
    link: flag('print a link to the file instead, which expires in an hour', { conflicts: ['out'] }),
    about: flag('save the description of the file instead: what it reflects, and the meaning of its columns', {
      conflicts: ['link'],
    }),
    role: { ...role, doc: 'a role of the caller; may be repeated (default: analyst, operator)' },
    tenant,
  },
  args: ({ out, role, ...others }) => ({
    ...others,
    out: pathOf(out),
    roles: role.length === 0 ? ['analyst', 'operator'] : role,
  }),
  prepares: 'embedded',
  load: () => import('../commands/report/download.ts'),
});

export const addSchedule = command('report schedule add', {
  description:
    'Run a report on a schedule: a cron expression with five fields, in a time zone. A day such as today-7 is resolved for each run. A schedule with the same name is replaced.',
  examples: [
    "report schedule add weekly activity --cron '0 7 * * mon' --zone Asia/Kolkata --param from=today-28 --format xlsx",
  ],
  operands: { schedule: one('schedule'), report },
  options: {
    ...whatFor,
    cron: value(
      'expression',
      "when to run: minute, hour, day of the month, month, day of the week, such as '0 7 * * mon'",
    ),
    zone: preset('name', 'the IANA time zone of the schedule', 'UTC'),
    catchUp: preset(
      'which',
      'which missed times to make up for when no worker ran: none, latest or all',
      'latest',
      catchUpNamed,
    ),
    disabled: flag('keep the schedule, but request nothing'),
    json,
  },
  args: ({ schedule, cron, zone, catchUp, disabled, json, ...typed }) => {
    if (cron === null) throw usage("give --cron, such as '0 7 * * mon'");
    return { schedule, asked: asked(typed, null), cron, zone, catchUp, enabled: !disabled, json };
  },
  prepares: 'embedded',
  load: () => import('../commands/report/schedule/add.ts'),
});

export const listSchedules = command('report schedule list', {
  description: 'List the schedules of a tenant: when each is due next, and what is wrong with it.',
  examples: ['report schedule list'],
  options: { tenant, json, csv },
  args: (values, { colors }) => ({ ...values, colors }),
  prepares: 'embedded',
  load: () => import('../commands/report/schedule/list.ts'),
});

export const removeSchedule = command('report schedule remove', {
  description: 'Remove a schedule. Requests that it has already made continue.',
  examples: ['report schedule remove weekly'],
  operands: { schedule: one('schedule') },
  options: { tenant },
  prepares: 'embedded',
  load: () => import('../commands/report/schedule/remove.ts'),
});

export const worker = command('report worker', {
  description: 'Run a report worker until it is stopped. Any number of workers share the requests. `up` runs one, too.',
  examples: ['report worker --reports-at-once 4 --metrics-port 9100'],
  prepares: 'nothing',
  runsHere: true,
  load: () => import('../commands/report/worker.ts'),
});

function stateNamed(text: string): (typeof STATES)[number] {
  if (STATES.includes(text)) return text;
  throw new InvalidArgumentError(`Give one of ${STATES.join(', ')}.`);
}

function catchUpNamed(text: string): (typeof CATCH_UP)[number] {
  const found = CATCH_UP.find((each) => each === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`Give one of ${CATCH_UP.join(', ')}.`);
}
