/** The demo beside jobs that are paused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf, installation } from './installation.ts';

const presentations = ['AAA-2014J'];

test('the demo says that a job is paused, goes on without it, and lets it catch up in a later run', async (t) => {
  const paused = new Map([['summarize-batch', 'is paused by ada: a test']]);
  const on = { ...(await installation(t)), paused: async () => paused };
  const notes: string[] = [];
  const note = (text: string) => void notes.push(text);
  const without = await figuresOf(on, { presentations, note });
  assert.deepEqual(notes, [
    'summarize-batch is paused by ada: a test; the demo goes on without it, until `tributary resume summarize-batch` and another start',
  ]);
  assert.deepEqual(without.figures.batches, []);
  assert.equal(without.figures.derived['batch.learner-joined'], 365);

  paused.clear();
  const { figures } = await figuresOf(on, { presentations, note });
  assert.equal(notes.length, 1);
  assert.equal(figures.batches[0].registered, 365);
});

test('a job that is paused while the demo runs is stopped, and not waited for', async (t) => {
  const plain = await installation(t);
  const paused = new Map<string, string>();
  const started: string[] = [];
  const on: typeof plain = {
    ...plain,
    paused: async () => paused,
    async start(work, runtime) {
      started.push(work.name);
      const running = await plain.start(work, runtime);
      if (work.name === 'track-progress') paused.set(work.name, 'is paused');
      return running;
    },
  };
  const notes: string[] = [];
  await figuresOf(on, { presentations, note: (text) => void notes.push(text) });
  assert.ok(started.includes('track-progress'));
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? '', /^track-progress is paused;/);
});
