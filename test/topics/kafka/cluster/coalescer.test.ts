import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Together, Turns } from '../../../../topics/kafka/cluster/coalescer.ts';

/** Answers each question when it is told to. */
function asking() {
  const requests: {
    where: string;
    questions: readonly number[];
    answer(answers: readonly (string | Error)[]): void;
  }[] = [];
  let arrived = Promise.withResolvers<void>();
  const together = new Together<number, string>((where, questions) => {
    const { promise, resolve } = Promise.withResolvers<readonly (string | Error)[]>();
    requests.push({ where, questions, answer: resolve });
    arrived.resolve();
    arrived = Promise.withResolvers();
    return promise;
  });
  const request = async (i: number) => {
    while (requests[i] === undefined) await arrived.promise;
    return requests[i] as (typeof requests)[number];
  };
  return { together, requests, request };
}

test('what is asked at the same time is one request, and what is asked meanwhile the next one', async () => {
  const { together, requests, request } = asking();
  const first = [1, 2, 3].map((question) => together.ask('here', question));
  const one = await request(0);
  assert.deepEqual(one.questions, [1, 2, 3]);
  const later = [4, 5].map((question) => together.ask('here', question));
  assert.equal(requests.length, 1);
  one.answer(['a', 'b', 'c']);
  assert.deepEqual(await Promise.all(first), ['a', 'b', 'c']);
  (await request(1)).answer(['d', 'e']);
  assert.deepEqual(await Promise.all(later), ['d', 'e']);
  assert.deepEqual(requests[1]?.questions, [4, 5]);
});

test('one place that does not answer holds up no other', async () => {
  const { together, request } = asking();
  void together.ask('silent', 1);
  await request(0);
  const answered = together.ask('quick', 2);
  (await request(1)).answer(['b']);
  assert.equal(await answered, 'b');
});

test('an error is that of its own question; a request that fails is an error for all of its questions, and for no later one', async () => {
  const { together, request } = asking();
  const [wrong, right] = [together.ask('here', 1), together.ask('here', 2)];
  (await request(0)).answer([new RangeError('no'), 'b']);
  await assert.rejects(wrong, RangeError);
  assert.equal(await right, 'b');
  let fails = true;
  const failing = new Together<number, number>(async (_, questions) => {
    if (fails) throw new TypeError('away');
    return questions;
  });
  const both = await Promise.allSettled([failing.ask('here', 1), failing.ask('here', 2)]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  fails = false;
  assert.equal(await failing.ask('here', 3), 3);
});

test('so many have their turn at a time, in the order in which they came, and a failure ends one too', async () => {
  const turns = new Turns(2);
  const begun: number[] = [];
  const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const all = ends.map(({ promise }, i) =>
    turns.take(async () => {
      begun.push(i);
      await promise;
    }),
  );
  assert.deepEqual(begun, [0, 1]);
  ends[1]?.reject(new Error('failed'));
  await assert.rejects(all[1] as Promise<void>, /failed/);
  assert.deepEqual(begun, [0, 1, 2]);
  for (const { resolve } of ends) resolve();
  await Promise.all([all[0], all[2], all[3]]);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});
