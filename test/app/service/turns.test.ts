import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../../app/service/turns.ts';

const never = new AbortController().signal;
const taking = { most: 1, mayWait: true, signal: never };

test('a caller who has all turns waits for the first that ends, in the order of coming', async () => {
  const turns = new Turns();
  const end = await turns.take('ada', taking);
  const order: string[] = [];
  const second = turns.take('ada', taking).then((done) => {
    order.push('second');
    return done;
  });
  const third = turns.take('ada', taking).then((done) => {
    order.push('third');
    return done;
  });
  await turns.take('bob', taking);
  assert.deepEqual(order, []);
  end();
  (await second)();
  (await third)();
  assert.deepEqual(order, ['second', 'third']);
});

test('who may not wait is refused, and so is who would wait behind too many', async () => {
  const turns = new Turns();
  await turns.take('ada', taking);
  await assert.rejects(turns.take('ada', { ...taking, mayWait: false }), { code: 'TOO_MANY' });
  const waiting = [turns.take('ada', taking), turns.take('ada', taking)];
  await assert.rejects(turns.take('ada', taking), { code: 'TOO_MANY' });
  assert.equal(waiting.length, 2);
});

test('who is gone gets no turn, and takes none from others', async () => {
  const turns = new Turns();
  const end = await turns.take('ada', taking);
  const gone = new AbortController();
  const left = turns.take('ada', { ...taking, signal: gone.signal });
  const next = turns.take('ada', taking);
  gone.abort(new Error('gone'));
  await assert.rejects(left, /gone/);
  end();
  (await next)();
  await turns.take('ada', { ...taking, mayWait: false });
});
