import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Coalescer } from '../../../../topics/kafka/cluster/coalescer.ts';

/** Answers each request when the test allows it. */
function asking() {
  const requests: {
    destination: string;
    questions: readonly number[];
    answer(answers: readonly (string | Error)[]): void;
  }[] = [];
  let arrived = Promise.withResolvers<void>();
  const coalescer = new Coalescer<number, string>((destination, questions) => {
    const { promise, resolve } = Promise.withResolvers<readonly (string | Error)[]>();
    requests.push({ destination, questions, answer: resolve });
    arrived.resolve();
    arrived = Promise.withResolvers();
    return promise;
  });
  const request = async (i: number) => {
    while (requests[i] === undefined) await arrived.promise;
    return requests[i] as (typeof requests)[number];
  };
  return { coalescer, requests, request };
}

test('concurrent questions share one request, and later ones share the next', async () => {
  const { coalescer, requests, request } = asking();
  const first = [1, 2, 3].map((question) => coalescer.ask('here', question));
  const one = await request(0);
  assert.deepEqual(one.questions, [1, 2, 3]);
  const later = [4, 5].map((question) => coalescer.ask('here', question));
  assert.equal(requests.length, 1);
  one.answer(['a', 'b', 'c']);
  assert.deepEqual(await Promise.all(first), ['a', 'b', 'c']);
  (await request(1)).answer(['d', 'e']);
  assert.deepEqual(await Promise.all(later), ['d', 'e']);
  assert.deepEqual(requests[1]?.questions, [4, 5]);
});

test('a destination that does not answer delays no other', async () => {
  const { coalescer, request } = asking();
  void coalescer.ask('silent', 1);
  await request(0);
  const answered = coalescer.ask('quick', 2);
  (await request(1)).answer(['b']);
  assert.equal(await answered, 'b');
});

test('an error belongs to its own question; a failing request is an error for all of its questions, and for no later one', async () => {
  const { coalescer, request } = asking();
  const [wrong, right] = [coalescer.ask('here', 1), coalescer.ask('here', 2)];
  (await request(0)).answer([new RangeError('no'), 'b']);
  await assert.rejects(wrong, RangeError);
  assert.equal(await right, 'b');
  let fails = true;
  const failing = new Coalescer<number, number>(async (_, questions) => {
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
