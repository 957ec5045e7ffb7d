import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRows } from '../../demo/read.ts';
import { selectRows } from '../../demo/rows.ts';
import { runDemo } from '../../demo/run.ts';
import { contentProgressed } from '../../schemas/enrollment.ts';
import { given, recordsOf } from '../../testing/produce.ts';
import { enrollmentEvents } from '../../topics/index.ts';
import { figuresOf, installation, Output, textOf } from './installation.ts';

/** A presentation with daily interactions, and one without. */
const presentations = ['AAA-2013J', 'AAA-2014J'];
/** Presentations without daily interactions, which are faster. */
const small = ['AAA-2014J', 'GGG-2014B'];

/** The figures of AAA-2013J, computed from the rows of the data set, without events. */
function byHand() {
  const rows = selectRows(readRows(), ['AAA-2013J']);
  const sites = rows.sites.length;
  const visited = Map.groupBy(rows.visits, ({ student }) => student);
  const active = rows.registrations.filter(({ unregistered }) => unregistered === undefined);
  const progress = active.map(({ student }) => {
    return Math.floor((100 * new Set(visited.get(student)?.map(({ site }) => site)).size) / sites);
  });
  const mean = progress.reduce((sum, each) => sum + each, 0) / active.length;
  return {
    batchId: 'AAA-2013J',
    name: 'AAA, October 2013',
    registered: rows.registrations.length,
    left: rows.registrations.length - active.length,
    active: active.length,
    notStarted: active.filter(({ student }) => !visited.has(student)).length,
    inProgress: active.filter(({ student }) => visited.has(student)).length,
    completed: 0,
    meanProgress: Math.round(mean * 10) / 10,
  };
}

test('the figures are those that a direct count of the rows gives', async (t) => {
  const { figures } = await figuresOf(await installation(t), { presentations });
  assert.deepEqual(figures.batches, [
    byHand(),
    {
      batchId: 'AAA-2014J',
      name: 'AAA, October 2014',
      registered: 365,
      left: 66,
      active: 299,
      notStarted: 299,
      inProgress: 0,
      completed: 0,
      meanProgress: 0,
    },
  ]);
  assert.deepEqual(figures.imported, {
    'content.events': 2,
    'enrollment.events': 383 + 365 + 60 + 66 + 13_905,
    'batch.events': 2,
    'user.events': 712,
  });
  assert.deepEqual(figures.produced, {});
  assert.deepEqual(figures.deadLetters, {});
  const { 'batch.learner-progressed': progressed, ...derived } = figures.derived;
  assert.ok(progressed > 1000);
  assert.deepEqual(derived, {
    'batch.ended': 2,
    'batch.learner-joined': 383 + 365,
    'batch.learner-left': 60 + 66,
    'batch.started': 2,
    // One for each combination of three partitions and two courses.
    'enrollment.course-structure-changed': 6,
  });
});

test('a second run has nothing to do and has the same figures', async (t) => {
  const on = await installation(t);
  const first = await figuresOf(on, { presentations: small });
  assert.ok(first.timing.imported.records > 2000 && first.timing.applied.records > 2500);
  const second = await figuresOf(on, { presentations: small });
  assert.equal(second.timing.imported.records, 0);
  assert.equal(second.timing.applied.records, 0);
  assert.deepEqual(second.figures, first.figures);
  assert.match(await textOf(on, { presentations: small.toReversed() }), /There was nothing to do/);
});

test('an interrupted run is resumed by the next one, with the same figures', async (t) => {
  const expected = await figuresOf(await installation(t), { presentations: small });
  const on = await installation(t, { settings: { maxRecords: 50 } });
  for (const batches of [1, 3, 9]) {
    const interrupting = new AbortController();
    let left = batches;
    const telemetry = {
      tell({ kind }: { kind: string }) {
        if (kind === 'batch' && --left === 0) interrupting.abort(new Error('interrupted'));
      },
    };
    await assert.rejects(
      figuresOf(on, { presentations: small, telemetry, signal: interrupting.signal }),
      /interrupted/,
    );
  }
  const last = await figuresOf(on, { presentations: small });
  assert.ok(last.timing.applied.records > 0);
  assert.deepEqual(last.figures, expected.figures);
});

test('an event of another source is counted separately', async (t) => {
  const presentations = ['GGG-2014J'];
  const on = await installation(t);
  const before = await figuresOf(on, { presentations });
  const other = given(
    enrollmentEvents,
    contentProgressed,
    { userId: 'nobody', courseId: 'GGG-2014J', contentId: '1', status: 'started' },
    { id: 'other', time: Date.UTC(2026, 0, 5) },
  );
  await on.stores.transport.produce(recordsOf(on.stores.codec, other, 3));
  const { figures, timing } = await figuresOf(on, { presentations });
  assert.equal(timing.applied.records, 1);
  assert.deepEqual(figures, { ...before.figures, produced: { 'enrollment.events': 1 } });
});

test('the output has the presentations, the totals, the times and the next commands', async (t) => {
  const text = await textOf(await installation(t), { presentations });
  const { registered, left, active, notStarted, inProgress, meanProgress } = byHand();
  const cells = [
    'AAA-2013J',
    'AAA, October 2013',
    registered,
    left,
    active,
    notStarted,
    inProgress,
    0,
    `${meanProgress} %`,
  ];
  assert.match(text, new RegExp(`^${cells.join(' +')}$`, 'm'));
  assert.match(text, /^ +15,495 {2}events of the data set\n +2 {2}content\.events$/m);
  assert.match(text, /^ +0 {2}dead letters$/m);
  assert.match(
    text,
    /^15,495 events imported in [\d.]+ s, [\d,]+ records read by the jobs in [\d.]+ s; [\d.]+ s in all\.$/m,
  );
  assert.match(text, /^ {2}npx tributary show learner_progress \d+ AAA-2013J +#/m);
  assert.match(text, /^ {2}npx tributary summarize activity --every week --zone Asia\/Kolkata +#/m);
  assert.doesNotMatch(text, /--data/);
});

test('the next commands name the folder where it is not the default', async (t) => {
  const on = { ...(await installation(t)), config: { data: '/var/lib/a b' } };
  const text = await textOf(on, { presentations: ['AAA-2014J'] });
  assert.match(text, /^ {2}npx tributary show batch_learners AAA-2014J --limit 10 --data "\/var\/lib\/a b" +#/m);
});

test('a terminal shows a bar for the import and for every topic that is not empty', async (t) => {
  const output = new Output(true);
  await runDemo(await installation(t), { json: false, output, presentations: ['AAA-2014J'] });
  const drawn = output.text.matchAll(/([a-z][a-z.]+) +[█░]{30} +\d+% +([\d,]+) of ([\d,]+)/g);
  const bars = [...drawn].map(([, ...bar]) => bar);
  // Bars in the order of appearance, each as it was drawn last. On a slow machine, topics are read before the import is over.
  const seen = new Map(bars.map(([name, done, total]) => [name, [done, total]]));
  assert.deepEqual([...seen.keys()], ['import', 'content.events', 'user.events', 'enrollment.events', 'batch.events']);
  assert.deepEqual(seen.get('import'), ['798', '798']);
  assert.deepEqual(seen.get('content.events'), ['1', '1']);
  assert.deepEqual(seen.get('enrollment.events'), ['434', '434']);
});

test('a presentation that does not exist is refused before anything is imported', async (t) => {
  const on = await installation(t);
  await assert.rejects(figuresOf(on, { presentations: ['XXX-2013J'] }), { code: 'NOT_FOUND' });
  const { figures } = await figuresOf(on, { presentations: ['AAA-2014J'] });
  assert.equal(figures.batches.length, 1);
});

test('an installation with some of the presentations refuses others', async (t) => {
  const on = await installation(t);
  await figuresOf(on, { presentations: ['AAA-2014J'] });
  await assert.rejects(figuresOf(on), { code: 'ALREADY_EXISTS' });
});
