import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineEvent, timerFired } from '../../core/event.ts';
import { defineCache, defineTable, type TableDef, type Target } from '../../core/target.ts';
import { defineJob, type Job, type Lookups, lookup, view } from '../../jobs/define.ts';
import { defineModule, definePlatform, type Module } from '../../modules/define.ts';
import { learning } from '../../modules/learning.ts';
import { type Datasource, defineDatasource } from '../../reports/define-datasource.ts';
import { defineTopic, type Topic } from '../../topics/define.ts';
import { enrollmentEvents, topics as ofLearning } from '../../topics/index.ts';
import { countLogins, loginCount, loginEvents, logins } from '../own/logins.ts';

const userId = { name: 'userId', type: 'string', doc: 'The user.' } as const;
const record = { type: 'record', name: 'Row', fields: [userId] } as const;
const seen = defineEvent('user.seen', { type: 'record', name: 'Seen', fields: [userId] }, { userId: 'ada' });

const topic = (name: string, events = [seen]) => defineTopic({ name, doc: 'A topic.', key: 'userId', events });
const table = (name: string) => defineTable({ name, doc: 'A table.', key: ['userId'], record });

const one = topic('one.events');
const oneRow = table('one_row');

interface Parts {
  readonly name?: string;
  readonly from?: Topic;
  readonly to?: readonly Topic[];
  readonly row?: TableDef;
  readonly into?: readonly Target[];
  readonly looksUp?: TableDef;
}

function job({ name = 'one', from = one, to = [], row = oneRow, into = [], looksUp }: Parts = {}): Job {
  return defineJob({
    name,
    doc: 'A job.',
    from: from as typeof one,
    on: [seen],
    to,
    row: row as typeof oneRow,
    key: ({ data }) => ({ userId: data.userId }),
    lookups: (key): Lookups =>
      looksUp === undefined ? {} : { other: lookup(looksUp as typeof oneRow, { userId: key.userId }) },
    fold: { 'user.seen': (_, { data }) => ({ userId: data.userId }) },
    views: into.map((each) => view(oneRow, each as typeof oneRow, (of) => of)),
  });
}

function datasource({ name = 'ones', from = one, looksUp }: Omit<Parts, 'to' | 'into' | 'row'> = {}): Datasource {
  return defineDatasource({
    name,
    title: 'Ones',
    about: 'Ones.',
    from: from as typeof one,
    on: [seen],
    granularity: 'day',
    lookups: ({ data }): Lookups =>
      looksUp === undefined ? {} : { other: lookup(looksUp as typeof oneRow, { userId: data.userId }) },
    dimensions: {},
    metrics: { ones: { kind: 'count', doc: 'Ones.', unit: 'ones' } },
  });
}

const mine = (parts: Partial<Module>) => defineModule({ name: 'mine', topics: [one], ...parts });

/** The problems of a platform with these modules. */
function problems(...modules: readonly Module[]): string[] {
  try {
    definePlatform({ modules });
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'DECLARATION_INVALID');
    const [head, ...lines] = (error as Error).message.split('\n');
    assert.equal(head, `the platform has ${lines.length === 1 ? 'one problem' : `${lines.length} problems`}:`);
    return lines.map((line) => line.replace(/^ {2}/, ''));
  }
  return [];
}

function assertProblem(modules: readonly Module[], problem: RegExp): void {
  const found = problems(...modules);
  assert.equal(found.length, 1, found.join('\n'));
  assert.match(found[0] as string, problem);
}

test('a platform has the topics and jobs of its modules, in their order', () => {
  const platform = definePlatform({ modules: [learning, logins] });
  assert.deepEqual(platform.topics, [...ofLearning, loginEvents]);
  assert.deepEqual(platform.jobs, [...learning.jobs, countLogins]);
  assert.deepEqual(platform.modules, [learning, logins]);
  assert.ok(Object.isFrozen(platform));
});

test('a module can have topics alone, or jobs alone on topics of another', () => {
  const jobs = defineModule({ name: 'jobs', jobs: [job()] });
  assert.deepEqual(problems(defineModule({ name: 'topics', topics: [one] }), jobs), []);
});

test('a module that is given twice is refused, and so is a platform without modules', () => {
  assertProblem([learning, logins, defineModule({ name: 'logins' })], /^two modules are named logins: give each once/);
  assertProblem([], /no module/);
});

test('names that collide are refused, whichever modules have them', () => {
  const other = (parts: Partial<Module>) => defineModule({ name: 'other', ...parts });
  assertProblem(
    [learning, other({ topics: [topic('user.events')] })],
    /^2 topics are named user\.events, in the modules learning and other: give each its own name$/,
  );
  assertProblem(
    [mine({}), other({ topics: [one] })],
    /^the topic one\.events is listed 2 times, in the modules mine and other/,
  );
  assertProblem(
    [mine({ topics: [one, topic('one_events')] })],
    /one\.events and one_events differ only in dots and underscores/,
  );
  assertProblem(
    [mine({ jobs: [job(), job({ row: table('another') })] })],
    /^2 jobs, which are consumer groups, too, are named one, in the module mine/,
  );
  assertProblem(
    [mine({ jobs: [job(), job({ name: 'two', row: table('one_row') })] })],
    /^a table of the job one of the module mine and a table of the job two of the module mine are all named one_row/,
  );
  const cache = defineCache({ name: 'one_row', doc: 'A cache.', key: ['userId'], record });
  assertProblem([mine({ jobs: [job({ into: [cache] })] })], /a cache of .+ and a table of .+ are all named one_row/);
  assertProblem(
    [mine({ jobs: [job(), job({ name: 'one_row', row: table('two_row') })] })],
    /^a table of the job one of the module mine is named as the job one_row of the module mine/,
  );
});

test('names that a store or the runtime uses, or that no store accepts, are refused', () => {
  const ofTopic = (name: string) => problems(mine({ topics: [topic(name)] }));
  for (const name of ['__offsets', 'tributary.marks', 'demo.imports', 'a.dead-letter', 'a b', '..', 'x'.repeat(238)])
    assert.equal(ofTopic(name).length, 1, name);
  assert.deepEqual(ofTopic('x'.repeat(237)), []);
  const ofJob = (name: string) => problems(mine({ jobs: [job({ name })] }));
  for (const name of ['routed', 'import-demo', 'tributary-x', 'a/b', '']) assert.equal(ofJob(name).length, 1, name);
  const ofTable = (name: string) => problems(mine({ jobs: [job({ row: table(name) })] }));
  for (const name of ['log_x', 'search_x', 'a__b', 'Upper', '1st', 'x'.repeat(49)])
    assert.equal(ofTable(name).length, 1, name);
  assert.deepEqual(ofTable('x'.repeat(48)), []);
  assertProblem([defineModule({ name: 'Mine' })], /^the module Mine: its name has to be a small letter/);
});

test('no topic may declare an event that the runtime emits, or a type twice', () => {
  const timers = defineEvent(timerFired.type, seen.schema, { userId: 'ada' });
  assertProblem(
    [mine({ topics: [topic('t', [timers as never])] })],
    /declares timer\.fired, which the runtime alone emits/,
  );
  assertProblem(
    [mine({ topics: [topic('t', [seen, seen])] })],
    /^the topic t of the module mine has two events of the type user\.seen/,
  );
});

test('a topic that a job reads or emits to must be one of the platform', () => {
  const absent = topic('absent.events');
  assertProblem(
    [mine({ jobs: [job({ from: absent })] })],
    /^the job one .+ reads the topic absent\.events, which no module has/,
  );
  assertProblem(
    [mine({ jobs: [job({ to: [absent] })] })],
    /^the job one .+ emits to the topic absent\.events, which no module has/,
  );
  assertProblem(
    [logins],
    /^the job count-logins of the module logins emits to the topic notification\.events, which no module has/,
  );
  assertProblem(
    [learning, mine({ jobs: [job({ to: [topic('user.events')] })] })],
    /emits to a topic user\.events that is not the one of the module learning: import that one/,
  );
});

test('a table that a job looks up must have rows of a job of the platform', () => {
  const jobs = [job({ looksUp: loginCount })];
  assert.deepEqual(problems(learning, logins, mine({ jobs })), []);
  assertProblem(
    [learning, mine({ jobs })],
    /^the job one of the module mine looks up the table login_count, in which no job keeps rows/,
  );
});

test('the lookups of the built-in jobs are derived from the examples of their events', () => {
  const found = problems(
    defineModule({
      name: 'some',
      topics: ofLearning,
      jobs: learning.jobs.filter(({ from }) => from === enrollmentEvents),
    }),
  );
  assert.deepEqual(
    found.map((each) => /looks up the table (\w+)/.exec(each)?.[1]),
    ['course_structure', 'batch_summary'],
  );
});

test('only one job writes a row, and only one writes a view', () => {
  const theirs = mine({ jobs: [job({ row: loginCount as TableDef as typeof oneRow })] });
  assertProblem(
    [learning, logins, theirs],
    /^the table login_count has the rows of the job count-logins of the module logins, and the job one of the module mine keeps its own there/,
  );
  const shared = table('shared');
  const both = [job({ into: [shared] }), job({ name: 'two', row: table('two_row'), into: [shared] })];
  assertProblem([mine({ jobs: both })], /^the table shared has views of the job one .+ and of the job two/);
  const into = [job(), job({ name: 'two', row: table('two_row'), into: [oneRow] })];
  assertProblem(
    [mine({ jobs: into })],
    /^the job two .+ has a view in the table one_row, where the rows of the job one/,
  );
});

test('a platform has the datasources of its modules, of their own topics and of others', () => {
  const own = datasource();
  const platform = definePlatform({ modules: [learning, mine({ datasources: [own] })] });
  assert.deepEqual(platform.datasources, [...learning.datasources, own]);
  const elsewhere = defineModule({ name: 'elsewhere', datasources: [datasource({ name: 'twos' })] });
  assert.deepEqual(problems(mine({}), elsewhere), []);
});

test('names of datasources that collide, or that no engine accepts, are refused', () => {
  const named = (...names: string[]) => mine({ datasources: names.map((name) => datasource({ name })) });
  assertProblem([named('ones', 'ones')], /^2 datasources are named ones, in the module mine: give each its own name$/);
  assertProblem([named('Ones')], /^the datasource Ones of the module mine: its name has to be a small letter/);
  assertProblem([named('order')], /^the datasource order .+: it is a reserved word of SQL: choose another name$/);
  assertProblem([named('archive_x')], /its name is taken: tables of the runtime begin like this/);
  const twice = datasource();
  assertProblem(
    [mine({ datasources: [twice] }), defineModule({ name: 'other', datasources: [twice] })],
    /^the datasource ones is listed 2 times, in the modules mine and other: it belongs to one module, once$/,
  );
});

test('what a datasource counts and looks up must be part of the platform', () => {
  const absent = topic('absent.events');
  assertProblem(
    [mine({ datasources: [datasource({ from: absent })] })],
    /^the datasource ones of the module mine counts events of the topic absent\.events, which no module has/,
  );
  const looking = mine({ datasources: [datasource({ looksUp: loginCount })] });
  assertProblem([looking], /^the datasource ones .+ looks up the table login_count, in which no job keeps rows/);
  assert.deepEqual(problems(learning, logins, looking), []);
  assert.match(problems(mine({ datasources: [{} as never] })).join(), /^datasources\[0\] of .+ is no datasource: use/);
});

test('all problems are reported at once', () => {
  const found = problems(
    mine({ topics: [topic('a b')], jobs: [job({ name: 'routed', to: [topic('absent')] })] }),
    defineModule({ name: 'mine' }),
  );
  assert.equal(found.length, 5, found.join('\n'));
});

test('a value that is not a module, topic or job is reported with its position', () => {
  const from = (modules: unknown) => problems(...(modules as Module[]));
  assert.match(from([learning, undefined]).join(), /^modules\[1\] is undefined \(is it exported.+ defineModule/);
  assert.match(
    from([{ name: 'mine', topics: [undefined], jobs: [{}] }]).join(),
    /^topics\[0\] of .+,jobs\[0\] of .+ is no job/,
  );
  assert.throws(() => definePlatform({ modules: learning } as never), /modules is not a list/);
});
