/** Which folder may import what: one rule per folder, with its reason, checked against the actual imports. It is documented only here. */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { APP } from './architecture/app.ts';
import { CORE } from './architecture/core.ts';
import { JOBS } from './architecture/jobs.ts';
import { REPORTS } from './architecture/reports.ts';
import { DECLARATIONS, HASHES, JOB_FILES, JOB_FOLDERS, PURE_LIBRARIES, type Rule } from './architecture/rule.ts';
import { SINKS } from './architecture/sinks.ts';
import { TOOLS } from './architecture/tools.ts';
import { TOPICS } from './architecture/topics.ts';
import { importsOf, reachable, type Source, sourceTree } from './imports.ts';

const RULES: readonly Rule[] = [...CORE, ...TOPICS, ...JOBS, ...REPORTS, ...SINKS, ...APP, ...TOOLS];

const tree = sourceTree();

/** The last pattern that matches the name decides. A leading `!` excludes. */
function isAmong(name: string, patterns: readonly string[]): boolean {
  const last = patterns.findLast((pattern) => posix.matchesGlob(name, pattern.replace(/^!/, '')));
  return last !== undefined && !last.startsWith('!');
}

const ruleOf = (file: string): Rule | undefined => RULES.find(({ files }) => isAmong(file, files));

/** The imports of this file that its rule does not allow. */
function trespasses({ file, files, libraries }: Source): string[] {
  const rule = ruleOf(file);
  if (rule === undefined) return [`${file}: no rule says what it may import; add its folder to the table`];
  const folder = posix.dirname(file);
  const ours = rule.ours.map((each) => each.replace('{folder}', folder).replace('{port}', posix.dirname(folder)));
  // `*` in a glob does not match a slash, and package names may contain slashes.
  const isLibrary = (name: string) =>
    isAmong(
      name.replaceAll('/', '.'),
      rule.libraries.map((each) => each.replaceAll('/', '.')),
    );
  return [...files.filter((each) => !isAmong(each, ours)), ...libraries.filter((each) => !isLibrary(each))].map(
    (each) => `${file} imports ${each}: ${rule.why}`,
  );
}

test('every file imports only what its folder may import', () => {
  assert.ok(tree.size > 80, 'the tree was found');
  assert.deepEqual([...tree.values()].flatMap(trespasses), []);
});

test('every import leads to a file that exists', () => {
  const lost = [...tree.values()].flatMap(({ file, files }) =>
    files.filter((each) => !tree.has(each) && !each.endsWith('.json')).map((each) => `${file} imports ${each}`),
  );
  assert.deepEqual(lost, []);
});

test('every rule applies to some file', () => {
  for (const rule of RULES) {
    assert.ok(
      [...tree.keys()].some((file) => ruleOf(file) === rule),
      `${rule.files}: ${rule.why}`,
    );
  }
});

/** Files that must be free of effects, as must everything that they import. */
const PURE = [
  'core/**',
  'schemas/**',
  'topics/export/**',
  'demo/load/**',
  'jobs/*',
  ...JOB_FOLDERS,
  'modules/**',
  'reports/*',
  'reports/{datasources,druid,rollup,sql}/**',
  'reports/files/{about,csv,csv-cells,csv-sql,format,ndjson,options,pages,times}.ts',
  'reports/files/xlsx/{cells,parts,sheets,xml}.ts',
  'sinks/**/request.ts',
  'sinks/**/port.ts',
  'sinks/segments/{columns,source,statistics}.ts',
  'sinks/query/{refused,text,unknown-table}.ts',
  'sinks/query/duckdb/days.ts',
  'sinks/query/trino/{failure,location,relations,values}.ts',
  'sinks/delta/{actions,checkpoint,cleaning,compaction,names,proposal,schema,snapshot}.ts',
  ...DECLARATIONS,
];
/** How code can reach clocks, randomness and the outside world without an import. */
const IMPURE =
  /\b(?:Math\.random|Date\.now|new Date\(\)|performance\.|process\.|console\.|globalThis|fetch\(|setTimeout|setInterval|setImmediate|queueMicrotask|crypto\.|DateTime\.(?:now|local\(\)|utc\(\))|require\(|import\()/;

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');

function impurities(sources: ReadonlyMap<string, Source>): string[] {
  const problems: string[] = [];
  for (const root of [...sources.keys()].filter((file) => isAmong(file, PURE))) {
    for (const [file, through] of reachable(sources, root)) {
      const { libraries = [], text = '' } = sources.get(file) ?? {};
      const path = through === '' ? root : `${root}, through ${through}: ${file}`;
      const impure = IMPURE.exec(withoutComments(text));
      if (impure !== null) problems.push(`${path} says ${impure[0]}`);
      const pure = file === 'reports/rollup/hash.ts' ? HASHES : PURE_LIBRARIES;
      for (const library of libraries.filter((each) => !pure.includes(each))) {
        problems.push(`${path} imports ${library}`);
      }
    }
  }
  return problems;
}

test('pure code imports only pure code, directly or through other files', () => {
  assert.deepEqual(impurities(tree), []);
});

test('a declared job has a file with its name', () => {
  for (const file of JOB_FILES) assert.ok(tree.has(file), file);
});

// ---- the check itself ----

const source = (file: string, text: string): Source => ({ file, text, ...importsOf(file, text) });

test('every way of writing an import is recognised', () => {
  const text = `/** import { no } from './comment.ts'; */
import { a } from './a.ts';
import type { b } from '../b.ts';
import {
  c,
  type D,
} from './c/c.ts';
import e from 'node:fs';
import './side-effect.ts';
export * from './f.ts';
export { g } from 'pkg/g';
const h = await import('./h.ts');
const i = createRequire(import.meta.url)('x'), j = require('k');
`;
  const { files, libraries } = importsOf('jobs/x.ts', text);
  assert.deepEqual([...files].sort(), [
    'b.ts',
    'jobs/a.ts',
    'jobs/c/c.ts',
    'jobs/f.ts',
    'jobs/h.ts',
    'jobs/side-effect.ts',
  ]);
  assert.deepEqual([...libraries].sort(), ['k', 'node:fs', 'pkg/g']);
  assert.throws(() => importsOf('jobs/x.ts', 'await import(name)'), /does not say what it imports/);
});

test('a file that breaks a rule is reported, with the reason', () => {
  const wrong: [string, string][] = [
    ['schemas/user.ts', '../topics/index.ts'],
    ['schemas/user.ts', 'node:crypto'],
    ['topics/codec/codec.ts', 'avsc'],
    ['topics/define.ts', './embedded/transport.ts'],
    ['topics/embedded/log.ts', '../../sinks/port.ts'],
    ['jobs/notify/notify.ts', '../track-progress/track-progress.ts'],
    ['jobs/notify/notify.ts', '../track-progress/learner.ts'],
    ['jobs/notify/notify.ts', '../index.ts'],
    ['jobs/notify/notify.ts', '../runtime/owner.ts'],
    ['jobs/notify/notify.ts', '../../topics/codec/codec.ts'],
    ['jobs/define.ts', './notify/notify.ts'],
    ['jobs/runtime/owner.ts', './rows/batch.ts'],
    ['jobs/runtime/rows/run.ts', '../../notify/notify.ts'],
    ['jobs/runtime/rows/run.ts', '../../../sinks/tables/sqlite/tables.ts'],
    ['jobs/runtime/rows/run.ts', 'pino'],
    ['sinks/tables/port.ts', '../cache/port.ts'],
    ['sinks/tables/sqlite/request.ts', 'node:path'],
    ['sinks/tables/sqlite/tables.ts', '../../search/port.ts'],
    ['sinks/tables/sqlite/tables.ts', 'node:sqlite'],
    ['sinks/objects/directory/files.ts', '../../../embedded/database.ts'],
    ['sinks/delta/table.ts', '../objects/s3/objects.ts'],
    ['sinks/delta/table.ts', '@duckdb/node-api'],
    ['sinks/segments/files.ts', '../delta/index.ts'],
    ['sinks/query/text.ts', '../delta/index.ts'],
    ['sinks/query/duckdb/engine.ts', '../trino/engine.ts'],
    ['sinks/query/trino/engine.ts', '../duckdb/engine.ts'],
    ['reports/relations.ts', '../sinks/query/snapshots.ts'],
    ['duckdb/database.ts', '../sinks/segments/columns.ts'],
    ['cli/commands/up.ts', '../../duckdb/database.ts'],
    ['embedded/database.ts', '../topics/index.ts'],
    ['cli/names.ts', '../sinks/tables/sqlite/tables.ts'],
    ['cli/names.ts', '../topics/index.ts'],
    ['app/upkeep/expire.ts', '../../jobs/index.ts'],
    ['app/config/config.ts', '../stores/wiring.ts'],
    ['app/platform/works.ts', '../stores/openers.ts'],
    ['app/telemetry/metrics.ts', '../run/serving.ts'],
    ['modules/define.ts', './learning.ts'],
    ['testing/job-spec.ts', '../modules/learning.ts'],
    ['cli/commands/up.ts', '../../embedded/database.ts'],
    ['demo/rows.ts', '../app/stores/wiring.ts'],
    ['demo/load/events.ts', '../events.ts'],
    ['docs/markdown.ts', '../jobs/runtime/rows/run.ts'],
    ['reports/datasources/activity.ts', './progress.ts'],
    ['reports/datasources/activity.ts', '../rollup/fold.ts'],
    ['reports/rollup/fold.ts', '../datasources/activity.ts'],
    ['reports/rollup/fold.ts', 'node:crypto'],
    ['reports/sql/merge.ts', '@duckdb/node-api'],
    ['examples/forum/events.ts', '../../index.ts'],
    ['examples/forum/events.ts', 'tributary/runtime'],
    ['sinks/cache/redis/cache.ts', 'pg'],
    ['topics/kafka/group/claim.ts', '../../embedded/log.ts'],
    ['topics/kafka/wire/connection.ts', 'kafkajs'],
    ['topics/kafka/wire/connection.ts', '../cluster/cluster.ts'],
    ['topics/kafka/wire/calls/fetch.ts', '../connection.ts'],
    ['topics/kafka/cluster/cluster.ts', '../group/offsets.ts'],
    ['topics/kafka/fetch/fetcher.ts', '../produce/append.ts'],
    ['topics/kafka/produce/append.ts', '../group/claim.ts'],
    ['topics/kafka/group/claim.ts', '../admin/members.ts'],
    ['topics/kafka/transport.ts', './admin/topics.ts'],
    ['cli/commands/up.ts', '../../topics/kafka/transport.ts'],
    ['elsewhere/a.ts', '../schemas/user.ts'],
  ];
  for (const [file, imported] of wrong) {
    assert.equal(trespasses(source(file, `import { x } from '${imported}';`)).length, 1, `${file} imports ${imported}`);
  }
});

test('an effect is recognised behind any number of files', () => {
  const files = {
    'jobs/count.ts': "import { a } from './helper.ts';\n// Date.now() would be wrong here.\n",
    'jobs/helper.ts': "import type { B } from '../topics/define.ts';\n",
    'topics/define.ts': "import { c } from './far.ts';\n",
    'topics/far.ts': "import { d } from 'node:os';\nexport const luck = () => Math.random();\n",
  };
  const found = impurities(new Map(Object.entries(files).map(([file, text]) => [file, source(file, text)])));
  assert.deepEqual(
    found.filter((problem) => problem.startsWith('jobs/count.ts')),
    [
      'jobs/count.ts, through topics/define.ts: topics/far.ts says Math.random',
      'jobs/count.ts, through topics/define.ts: topics/far.ts imports node:os',
    ],
  );
});
