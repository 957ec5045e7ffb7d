import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../../cli/descriptors/index.ts';
import { type Invoked, parserOf } from '../../cli/parser.ts';
import { TributaryError } from '../../core/errors.ts';

const notLoaded = async () => assert.fail('a command line is understood without its platform');

async function parsed(...words: string[]): Promise<Invoked> {
  const found: Invoked[] = [];
  await parserOf(async (invoked) => void found.push(invoked), notLoaded).parseAsync(words, { from: 'user' });
  assert.equal(found.length, 1, words.join(' '));
  return found[0] as Invoked;
}

const argsOf = async (...words: string[]) => (await parsed(...words)).args;

/** The words after the program's name, split as a shell would split them. */
function wordsOf(example: string): string[] {
  const [, command = example] = /\| tributary (.*)$/.exec(example) ?? [];
  const [line = ''] = command.split(' > ');
  return (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''));
}

test('every example in the help is valid for its command', async () => {
  for (const { name, typed } of COMMANDS) {
    for (const example of typed?.examples ?? []) {
      assert.equal((await parsed(...wordsOf(example))).command.name, name, example);
    }
  }
});

test('every command has an implementation', async () => {
  for (const { name, load } of COMMANDS) assert.equal(typeof (await load()).run, 'function', name);
});

test('no two commands have the same name', () => {
  const names = COMMANDS.map(({ name }) => name);
  assert.deepEqual(names, [...new Set(names)]);
});

test('the description of every command begins with a sentence that is its summary', () => {
  for (const { name, typed } of COMMANDS) {
    if (typed !== undefined) assert.match(typed.description, /^[A-Z].{5,}[.:]/, name);
  }
});

test('what was not typed is null, false, an empty list or the default', async () => {
  assert.deepEqual(await argsOf('tail', 'enrollment.events'), {
    topic: 'enrollment.events',
    fromBeginning: false,
    since: null,
    partition: null,
    offset: null,
    key: null,
    type: null,
    follow: false,
    limit: null,
    json: false,
    progress: false,
  });
  assert.deepEqual(await argsOf('search', 'enrollments', 'linear', 'alg*', '--filter', 'a=1', '--filter', 'b=2'), {
    index: 'enrollments',
    words: 'linear alg*',
    filter: ['a=1', 'b=2'],
    sort: null,
    tenant: 'default',
    limit: 20,
    after: null,
    json: false,
    csv: false,
  });
  assert.deepEqual(await argsOf('rebuild-views'), { jobs: [], only: [], json: false });
  assert.deepEqual(await argsOf('demo', '--presentations', 'a,b'), {
    json: false,
    once: false,
    presentations: ['a', 'b'],
  });
});

test('an option that the parent command has too reaches the subcommand', async () => {
  for (const words of [
    ['topics', 'apply', '--json', '--dry-run'],
    ['topics', '--json', 'apply', '--dry-run'],
  ]) {
    assert.deepEqual(await argsOf(...words), { dryRun: true, json: true });
  }
});

test('flags of the configuration may be given before and after the command', async () => {
  const { caller, args } = await parsed('--data', 'a', 'show', 'learner_progress', '--metrics-port', '1', '--debug');
  assert.deepEqual(caller.sources.flags, { data: 'a', metricsPort: '1' });
  assert.equal(caller.debug, true);
  assert.equal((args as { limit: number }).limit, 20);
});

test('the file of saved offsets is the input of the command', async () => {
  const { args, input } = await parsed('offsets', 'seek', 'notify', '--all', '--to-saved', 'offsets.json');
  assert.equal(input, 'offsets.json');
  assert.deepEqual((args as { to: unknown }).to, { kind: 'saved' });
  assert.equal((await parsed('offsets', 'seek', 'notify', '--all', '--to-end')).input, null);
});

test('values that contradict each other are refused before anything runs', async () => {
  for (const words of [
    ['tail', 'enrollment.events', '--offset', '3'],
    ['offsets', 'seek', 'notify', '--to-end'],
    ['offsets', 'seek', 'notify', '--all', '--partition', '1', '--to-end'],
    ['offsets', 'seek', 'notify', '--all', '--to-end', '--to-begin'],
  ]) {
    await assert.rejects(parsed(...words), (error) => error instanceof TributaryError && error.code === 'USAGE');
  }
});
