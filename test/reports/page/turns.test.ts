/** Queries of all screens take turns: only a few run at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moduleOfPage } from './module-of-page.ts';

const { inTurn } = await moduleOfPage('app/turns.js');
const { Problem } = await moduleOfPage('app/problem.js');
const { signal } = new AbortController();

test('three questions are asked at once, the others in their order, also after one that fails', async () => {
  const asked: number[] = [];
  const answer: (() => void)[] = [];
  const answers = [0, 1, 2, 3, 4].map((at) =>
    inTurn(async () => {
      asked.push(at);
      await new Promise<void>((resolve) => answer.push(resolve));
      if (at === 0) throw new Error('it failed');
      return at;
    }, signal),
  );
  const failed = assert.rejects(answers[0], /it failed/);
  assert.deepEqual(asked, [0, 1, 2]);
  answer[0]?.();
  await failed;
  await Promise.resolve();
  assert.deepEqual(asked, [0, 1, 2, 3]);
  answer[1]?.();
  await answers[1];
  assert.deepEqual(asked, [0, 1, 2, 3, 4]);
  for (const each of answer) each();
  assert.deepEqual(await Promise.all(answers.slice(1)), [1, 2, 3, 4]);
});

test('what is no longer wanted when its turn comes is not asked, and keeps nobody waiting', async () => {
  const left = new AbortController();
  const held = Promise.withResolvers<string>();
  const first = [0, 1, 2].map(() => inTurn(() => held.promise, signal));
  const unwanted = assert.rejects(
    inTurn(() => assert.fail('it is asked'), left.signal),
    { name: 'AbortError' },
  );
  const next = inTurn(async () => 'next', signal);
  left.abort();
  held.resolve('held');
  await unwanted;
  assert.deepEqual([await next, ...(await Promise.all(first))], ['next', 'held', 'held', 'held']);
});

test('a question is asked again when the service has too many, and other errors are told at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let times = 0;
  const answered = inTurn(async () => {
    times += 1;
    if (times === 1) throw new Problem(429, 'TOO_MANY', 'too many');
    return 'answer';
  }, signal);
  while (times < 2) {
    t.mock.timers.tick(1000);
    await new Promise(setImmediate);
  }
  assert.equal(await answered, 'answer');
  await assert.rejects(
    inTurn(() => Promise.reject(new Problem(503, 'STORE_AWAY', 'away')), signal),
    /away/,
  );
});
