import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadPlatform } from '../../app/platform/file.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { temporaryFolder } from '../cli/harness.ts';

const ROOT = join(import.meta.dirname, '../..');
const FACE = JSON.stringify(pathToFileURL(join(ROOT, 'index.ts')).href);
const RIGHT = `import { definePlatform, learning, pipeline } from ${FACE};\nexport default definePlatform({ modules: [learning, pipeline] });\n`;

/** A folder that contains these files. */
function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

test('without the file, a folder has the built-in platform', async (t) => {
  assert.deepEqual(await loadPlatform(folderOf(t, {})), { platform: learningPlatform, file: undefined });
});

test('the file is TypeScript or JavaScript, and is loaded without a build', async (t) => {
  for (const ending of ['ts', 'mts', 'js', 'mjs']) {
    const folder = folderOf(t, { [`tributary.config.${ending}`]: RIGHT });
    const { platform, file } = await loadPlatform(folder);
    assert.equal(file, join(folder, `tributary.config.${ending}`));
    assert.deepEqual(platform.topics, learningPlatform.topics);
  }
});

const FOREIGN = `export default { [Symbol.for('tributary.platform')]: true, modules: [], topics: [], jobs: [] };`;

/** Invalid files, and the message that follows the name of the file. */
const WRONG: readonly (readonly [what: string, files: Readonly<Record<string, string>>, message: RegExp])[] = [
  [
    'two of them',
    { 'tributary.config.ts': RIGHT, 'tributary.config.js': RIGHT },
    /^there are tributary\.config\.ts and tributary\.config\.js in .+: keep one/,
  ],
  [
    'no default export',
    { 'tributary.config.ts': 'export const platform = 1;' },
    /config\.ts has no default export: write `export default definePlatform.+; it exports platform$/,
  ],
  [
    'a default export that is no platform',
    { 'tributary.config.ts': 'export default { modules: [] };' },
    /config\.ts is not a platform: write/,
  ],
  [
    'a platform of another copy',
    { 'tributary.config.ts': FOREIGN },
    /another copy of Tributary than this command, which is \d.+`npx tributary`/,
  ],
  [
    'a syntax error',
    { 'tributary.config.ts': 'const a = 1;\nexport default (1 +;' },
    /config\.ts cannot be used: Expression expected \(.+config\.ts:2\)$/,
  ],
  [
    'a syntax error in JavaScript',
    { 'tributary.config.js': 'export default (1 +;' },
    /config\.js cannot be used: Unexpected token ';'; `node --check tributary\.config\.js` shows where/,
  ],
  [
    'an enum',
    { 'tributary.config.ts': 'export enum A { B }' },
    /enum is not supported.+config\.ts:1\); .+ without enums/,
  ],
  [
    'a syntax error in what it imports',
    { 'tributary.config.ts': "import './jobs.ts';", 'jobs.ts': 'const a: = 1;' },
    /config\.ts cannot be used: .+jobs\.ts:1\)$/,
  ],
  [
    'an import that leads nowhere',
    { 'tributary.config.ts': "import './jobs';" },
    /Cannot find module .+ correct the import \(relative ones name the file with its ending\)/,
  ],
  [
    'a name that is not exported',
    { 'tributary.config.ts': "import { nope } from './jobs.ts';", 'jobs.ts': 'export const a = 1;' },
    /does not provide an export named 'nope' \(.+config\.ts:1\)$/,
  ],
  [
    'TypeScript below node_modules',
    {
      'tributary.config.ts': "import 'x';",
      'node_modules/x/package.json': '{"type":"module","exports":"./x.ts"}',
      'node_modules/x/x.ts': 'export {};',
    },
    /below node_modules Node runs JavaScript alone/,
  ],
  [
    'an error of its own',
    { 'tributary.config.ts': "\nthrow new Error('no database');" },
    /config\.ts cannot be used: no database \(.+config\.ts:2\)$/,
  ],
  ['something thrown that is no error', { 'tributary.config.ts': "throw 'away';" }, /config\.ts cannot be used: away$/],
  [
    'a platform with problems',
    {
      'tributary.config.ts': `import { defineModule, definePlatform } from ${FACE};\nexport default definePlatform({ modules: [defineModule({ name: 'A' }), defineModule({ name: 'A' })] });`,
    },
    /config\.ts cannot be used: the platform has 2 problems:\n {2}the module A: .+\n {2}two modules are named A/,
  ],
];

test('every error in the file is reported with the name of the file and what to do', async (t) => {
  for (const [what, files, message] of WRONG) {
    await t.test(what, async () => {
      await assert.rejects(loadPlatform(folderOf(t, files)), { code: 'CONFIG_INVALID', message });
    });
  }
});
