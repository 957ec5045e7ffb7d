/** Completion in real shells, if they are installed, and the candidates that it offers. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { possibleWorksOf } from '../../app/platform/works.ts';
import { completionOf, type Grammar } from '../../cli/commands/completion/candidates.ts';
import { linesFor, wordsFrom } from '../../cli/commands/completion/shells.ts';
import { any, callerCommand, command, flag, one, optional, value, values } from '../../cli/descriptor.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { temporaryFolder, tributary } from './harness.ts';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');
const load = async () => ({ run: async () => undefined });
const loadAlone = async () => ({ run: async () => 0 });
const doc = { description: 'Does it. And more.', examples: [] };

const GRAMMAR: Grammar = {
  commands: [
    command('tell', {
      ...doc,
      operands: { topic: one('topic', 'topics'), file: optional('file', 'files') },
      options: {
        fast: flag('fast', { short: '-f' }),
        only: values('store', 'only there', { names: ['disk', 'memory'] }),
        job: value('name', 'of it', { isHidden: true, names: 'jobs' }),
      },
      prepares: 'nothing',
      load,
    }),
    command('lag', { ...doc, operands: { jobs: any('job', 'jobs') }, prepares: 'nothing', load }),
    command('topics', { ...doc, operands: { topic: optional('topic', 'topics') }, prepares: 'nothing', load }),
    command('topics apply', { ...doc, prepares: 'nothing', load }),
    command('letters list', { ...doc, prepares: 'nothing', load }),
    callerCommand('secret', { ...doc, isHidden: true, load: loadAlone }),
  ],
  groups: { letters: 'Letters. Of all sorts.' },
  globals: [
    { flag: '--data', doc: 'the folder', takesValue: true, names: 'files', isRare: false },
    { flag: '--metrics-port', doc: 'the port', takesValue: true, isRare: true },
  ],
  namesOf: (names) => {
    const found = Array.isArray(names)
      ? names
      : { jobs: ['fold', 'count'], topics: ['a.events', 'b.events'] }[String(names)];
    return (found ?? []).map((each: string) => ({ value: each, doc: `of ${each}` }));
  },
};

const offered = (...words: string[]) => completionOf(words, GRAMMAR).candidates.map(({ value }) => value);

test('commands and their first words are offered, those of other programs are not', () => {
  assert.deepEqual(offered(''), ['tell', 'lag', 'topics', 'letters']);
  assert.deepEqual(offered('t'), ['tell', 'topics']);
  assert.deepEqual(offered('letters', ''), ['list']);
  assert.deepEqual(offered('nothing', ''), []);
  const [first, , , last] = completionOf([''], GRAMMAR).candidates;
  assert.deepEqual([first?.doc, last?.doc], ['Does it', 'Letters']);
});

test('the names of an operand are offered beside the subcommands', () => {
  assert.deepEqual(offered('tell', 'a'), ['a.events']);
  assert.deepEqual(offered('topics', ''), ['apply', 'a.events', 'b.events']);
  assert.deepEqual(offered('topics', 'a.events', ''), []);
  assert.deepEqual(completionOf(['tell', 'a.events', ''], GRAMMAR), { candidates: [], files: true });
});

test('values already given for a repeated operand are not offered again', () => {
  assert.deepEqual(offered('lag', 'fold', ''), ['count']);
});

test('options are offered once, list options repeatedly, hidden ones never, and rare ones when their prefix is typed', () => {
  assert.deepEqual(offered('tell', '-'), ['--fast', '--only', '--data']);
  assert.deepEqual(offered('tell', '-f', '--only', 'disk', '--'), ['--only', '--data']);
  assert.deepEqual(offered('tell', '--m'), ['--metrics-port']);
  assert.deepEqual(offered('tell', '--job', ''), ['a.events', 'b.events'], 'a hidden option takes nothing here');
});

test('the value of an option is offered after it and after its equals sign', () => {
  assert.deepEqual(offered('tell', '--only', ''), ['disk', 'memory']);
  assert.deepEqual(offered('tell', '--only=m'), ['--only=memory']);
  assert.deepEqual(offered('tell', '--metrics-port', ''), []);
  assert.deepEqual(completionOf(['--data', ''], GRAMMAR).files, true);
  assert.deepEqual(offered('--data', 'x', 'tell', '--only', 'disk', 'b'), ['b.events']);
  assert.deepEqual(offered('--data=x', 'tell', 'b'), ['b.events']);
});

test('after two dashes only operands are offered', () => {
  assert.deepEqual(offered('lag', '--', '-'), []);
  assert.deepEqual(offered('lag', '--', 'f'), ['fold']);
});

test('words that bash splits are joined, and bash gets the last part', () => {
  const words = wordsFrom('bash', ['tell', '--only', '=', 'm']);
  assert.deepEqual(words, ['tell', '--only=m']);
  assert.deepEqual(linesFor('bash', words, completionOf(words, GRAMMAR)), ['memory']);
  assert.deepEqual(wordsFrom('bash', ['tell', '--only', '=']), ['tell', '--only=']);
  assert.deepEqual(wordsFrom('bash', ['tell', '"a.ev', '']), ['tell', 'a.ev', '']);
  assert.deepEqual(wordsFrom('zsh', ['tell', '--only', '=']), ['tell', '--only', '=']);
});

test('a shell that can show descriptions gets them in its own form', () => {
  const found = { candidates: [{ value: 'a:b', doc: 'one\ntwo' }], files: false };
  assert.deepEqual(linesFor('zsh', ['a'], found), ['a\\:b:one two']);
  assert.deepEqual(linesFor('fish', ['a'], found), ['a:b\tone two']);
  assert.deepEqual(linesFor('fish', ['a'], { candidates: [], files: true }), [':files']);
});

test('a shell without a script is refused', async (t) => {
  const { code, stderr } = await tributary(temporaryFolder(t), ['completion', 'bsh']);
  assert.deepEqual([code, stderr], [2, 'error: there is no completion for bsh; did you mean bash?\n']);
});

// ---- in the shells themselves ----

const isInstalled = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;
const skipWithout = (shell: string) => (isInstalled(shell) ? {} : { skip: `${shell} is not installed` });
const WORKS = possibleWorksOf(learningPlatform).map(({ name }) => name);

/** A folder with a file in it, and an environment in which `tributary` runs this project. */
function installed(t: TestContext): { cwd: string; env: NodeJS.ProcessEnv } {
  const [cwd, bin] = [temporaryFolder(t), temporaryFolder(t)];
  writeFileSync(join(bin, 'tributary'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  writeFileSync(join(cwd, 'some events.ndjson'), '');
  return { cwd, env: { ...process.env, HOME: cwd, PATH: `${bin}${delimiter}${process.env['PATH']}` } };
}

/** Runs the script in a shell. Each line that it prints answers one completion request. */
function asked(t: TestContext, shell: string, script: string, options: readonly string[] = []): string[] {
  const text = execFileSync(shell, [...options, '-c', script], { ...installed(t), encoding: 'utf8' });
  return text.split('\n').slice(0, -1);
}

test('bash completes commands, names, values and files', skipWithout('bash'), (t) => {
  const script = `
    set -eu
    eval "$(tributary completion bash)"
    eval "$(tributary completion bash)" # A second time changes nothing.
    ask() {
      COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _tributary tributary "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
      local IFS='|'; printf '%s\\n' "\${COMPREPLY[*]-}"
    }
    complete -p tributary
    ask tributary dead-letters ''
    ask tributary lag notify ''
    ask tributary rebuild-views --only = c
    ask tributary produce enrollment.events some
    ask tributary show '$(touch ran)'
    ls`;
  assert.deepEqual(asked(t, 'bash', script, ['--norc']), [
    'complete -F _tributary tributary',
    'list|show|replay|edit|discard',
    WORKS.filter((name) => name !== 'notify').join('|'),
    'cache',
    'some events.ndjson',
    '',
    'some events.ndjson',
  ]);
});

test('zsh completes commands, names, values and files', skipWithout('zsh'), (t) => {
  // zsh's completion system needs a terminal. The test replaces its functions; the completion script is the real one.
  const script = `
    compdef() { print -r -- "compdef $*"; }
    _describe() { local name=$@[-1]; print -rl -- "\${(j:|:)\${(@P)name}}"; }
    _files() { print -r -- files; }
    eval "$(tributary completion zsh)"
    ask() { local -a words=("$@"); local CURRENT=$#; _tributary; }
    ask tributary dead-letters l
    ask tributary rebuild-views --only=c
    ask tributary show '$(touch' 'ran)'
    ask tributary produce enrollment.events ''
    ask tributary topics 'enrollment'
    ls`;
  assert.deepEqual(asked(t, 'zsh', script, ['-f']), [
    'compdef _tributary tributary',
    'list:List the dead letters that nobody has dealt with yet',
    '--only=cache',
    'files',
    'enrollment.events:Events about one learner in one course.',
    'some events.ndjson',
  ]);
});

test('fish completes commands, names, values and files', skipWithout('fish'), (t) => {
  const script = `
    tributary completion fish | source
    for line in 'dead-letters l' 'lag --wait notify project-g' 'rebuild-views --only=c' 'produce enrollment.events some' 'show (touch ran'
      complete -C "tributary $line"
    end
    ls`;
  assert.deepEqual(asked(t, 'fish', script, ['--no-config']), [
    'list\tList the dead letters that nobody has dealt with yet',
    'project-group\tKeeps who is in each group and what it does, and follows how far the members are in its courses.',
    '--only=cache',
    'some events.ndjson',
    'some events.ndjson',
  ]);
});
