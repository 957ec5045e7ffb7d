import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import { defineReport, type Outlook, type Reads } from '../../../reports/define-report.ts';
import { type Ask, plan, planned } from '../../../reports/requesting/asking.ts';
import { sealingKeys } from '../../../reports/requesting/sealing.ts';
import { askFor } from '../asking.ts';

const NOW = Date.UTC(2026, 2, 1, 12);
const KEYS = sealingKeys(['a secret of the tests']);
const NO_READS = {} as Reads;

const outlook = async ({ size }: { size: number }): Promise<Outlook> => ({
  problems: size === 13 ? ['there is no batch of 13: choose another'] : [],
  rows: size,
  notes: ['some are away'],
});
const people = defineReport({
  name: 'people',
  title: 'People',
  answers: 'Who is there?',
  version: 1,
  role: 'analyst',
  freshMs: 60_000,
  rowLimit: 1000,
  parameters: {
    size: { type: 'long', doc: 'How many.', unit: 'people', min: 0, max: 10_000, default: 10 },
    since: { type: 'date', doc: 'From then on.', optional: true },
    asOf: { type: 'moment', doc: 'Until then.', default: 'now' },
  },
  columns: {
    id: { title: 'Id', type: 'string', doc: 'The user.' },
    name: { title: 'Name', type: 'string', doc: 'The name.', personal: true },
  },
  problems: ({ since }) => (since === '2026-01-01' ? ['2026-01-01 was a holiday: choose another day'] : []),
  outlook,
  from: { reads: [], async *rows() {} },
});
const secret = defineReport({
  name: 'secret',
  title: 'Secret',
  answers: 'What is secret?',
  version: 1,
  role: 'operator',
  protection: 'required',
  freshMs: 0,
  parameters: {},
  columns: { id: { title: 'Id', type: 'string', doc: 'An id.' } },
  from: { reads: [], async *rows() {} },
});

const asking = (changes?: Partial<Ask>): Ask => askFor('people', changes);
const context = { reports: [people, secret], keys: KEYS, now: NOW };
const requested = (changes?: Partial<Ask>) => plan(asking(changes), context).request;

const ZIP = { kind: 'zip', password: 'correct horse battery staple' };

const refusals: readonly { what: string; ask: Partial<Ask>; code: string; says: readonly RegExp[] }[] = [
  { what: 'an unknown report', ask: { report: 'persons' }, code: 'NOT_FOUND', says: [/persons/, /people, secret/] },
  {
    what: 'a report that needs another role',
    ask: { report: 'secret', protection: ZIP },
    code: 'NOT_ALLOWED',
    says: [/ada may not have secret/, /role operator/],
  },
  { what: 'a role that does not exist', ask: { roles: ['admin'] }, code: 'USAGE', says: [/no role admin/] },
  {
    what: 'everything that is wrong, at once',
    ask: {
      parameters: { size: '10001', since: 'yesterday', until: 'now' },
      format: 'pdf',
      options: { zone: 'Mars' },
      columns: ['id', 'age'],
      rowLimit: 1001,
      protection: { kind: 'zip', password: 'short' },
    },
    code: 'USAGE',
    says: [
      /7 reasons|8 reasons/,
      /no parameter until/,
      /10000/,
      /since must be a day/,
      /pdf/,
      /Mars/,
      /age/,
      /1001/,
      /weak/,
    ],
  },
  {
    what: 'a personal column without the role',
    ask: { columns: ['id', 'name'], protection: ZIP },
    code: 'USAGE',
    says: [/may not have name/, /role personal-data/],
  },
  {
    what: 'personal data without protection',
    ask: { roles: ['analyst', 'personal-data'] },
    code: 'USAGE',
    says: [/must be protected/],
  },
  {
    what: 'a report whose files are always protected, without it',
    ask: { report: 'secret', roles: ['operator'] },
    code: 'USAGE',
    says: [/must be protected/],
  },
  {
    what: 'values that do not go together',
    ask: { parameters: { since: '2026-01-01' } },
    code: 'USAGE',
    says: [/holiday/],
  },
];

for (const { what, ask, code, says } of refusals) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => requested(ask),
      (error: unknown) => {
        assert.ok(error instanceof TributaryError);
        assert.equal(error.code, code);
        for (const text of says) assert.match(error.message, text);
        assert.doesNotMatch(error.message, /correct horse|short/);
        return true;
      },
    );
  });
}

test('what the data say is refused before the report runs', async () => {
  const refused = (ask: Partial<Ask>) => planned(asking(ask), context, NO_READS);
  await assert.rejects(refused({ parameters: { size: 13 } }), { code: 'USAGE', message: /no batch of 13/ });
  await assert.rejects(refused({ parameters: { size: 2000 } }), {
    code: 'USAGE',
    message: /about 2,000 rows, and 1,000 is the most/,
  });
  assert.equal((await refused({ parameters: { size: 2000 }, rowLimit: 1000 })).request.rowLimit, 1000);
  const { request, notes } = await refused({ parameters: { size: 20 } });
  assert.deepEqual([request.estimateRows, notes], [20, ['some are away']]);
});

test('a caller without the role gets the columns that are not personal', () => {
  assert.deepEqual(requested().columns, ['id']);
  const both = requested({ roles: ['analyst', 'personal-data'], protection: ZIP });
  assert.deepEqual(both.columns, ['id', 'name']);
});

test('a secret is sealed, and opens with the same secret alone', () => {
  const { secret: sealed, protection } = requested({ protection: ZIP });
  assert.ok(sealed !== null && !Buffer.from(sealed, 'base64url').includes('battery'));
  assert.equal(protection.kind, 'zip');
  const use = JSON.stringify(['request', 'acme', 'people']);
  assert.deepEqual(JSON.parse(KEYS.open(sealed, use)), ZIP);
  assert.throws(() => KEYS.open(sealed, JSON.stringify(['request', 'umbrella', 'people'])), { code: 'STORE_BROKEN' });
  assert.throws(() => sealingKeys(['another']).open(sealed, use), { code: 'STORE_BROKEN' });
  // After a change of the secret, the old one still opens what was sealed with it.
  assert.deepEqual(JSON.parse(sealingKeys(['another', 'a secret of the tests']).open(sealed, use)), ZIP);
});

test('without a secret of the installation no file can be protected', () => {
  assert.throws(() => plan(asking({ protection: ZIP }), { ...context, keys: undefined }), {
    code: 'CONFIG_INVALID',
    message: /reportSecret/,
  });
});

const base = requested();
const different: readonly [what: string, ask: Partial<Ask>, isSame: boolean][] = [
  ['the same values as text', { parameters: { size: '10' } }, true],
  ['a default that is given', { parameters: { size: 10, asOf: 'now' } }, true],
  ['another asker', { requestedBy: 'bob' }, true],
  ['another age of the file', { freshMs: 0 }, true],
  ['another value', { parameters: { size: 11 } }, false],
  ['another tenant', { tenant: 'umbrella' }, false],
  ['another format', { format: 'xlsx' }, false],
  ['another option', { options: { bom: 'true' } }, false],
  ['another limit', { rowLimit: 5 }, false],
  ['another protection', { protection: ZIP }, false],
];
for (const [what, ask, isSame] of different) {
  test(`${what} is ${isSame ? 'the same' : 'another'} request`, () => {
    assert.equal(requested(ask).hash === base.hash, isSame);
  });
}

test('nobody is handed personal data that somebody else has asked for', () => {
  const roles = ['analyst', 'personal-data'];
  const [ada, bob] = ['ada', 'bob'].map((requestedBy) => requested({ roles, protection: ZIP, requestedBy }).hash);
  assert.notEqual(ada, bob);
});

test('now stays now until the report runs, and a day counted from today does not', () => {
  const { request, values } = plan(asking({ parameters: { since: 'today-7' } }), context);
  assert.deepEqual(JSON.parse(request.parameters), { size: 10, since: '2026-02-22', asOf: 'now' });
  assert.deepEqual(values, { size: 10, since: '2026-02-22', asOf: NOW });
});
