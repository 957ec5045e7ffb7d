import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayOn } from '../../demo/display.ts';
import { Output } from './installation.ts';

test('without a terminal the last state is one line with everything that is not empty', () => {
  const output = new Output();
  const display = displayOn(output);
  display.show('import', 1000, 2000);
  display.show('group.events', 0, 0);
  display.show('import', 2000, 2000);
  display.show('batch.events', 5, 12_345);
  assert.equal(output.text, '');
  display.end();
  assert.equal(output.text, 'import 2,000 of 2,000, batch.events 5 of 12,345\n');
  display.end();
  assert.match(output.text, /^[^\n]+\n$/);
});

test('without a terminal a line is written every two seconds, and none when nothing changed', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const output = new Output();
  const display = displayOn(output);
  for (const [at, done] of [
    [1999, 1],
    [2000, 2],
    [3999, 3],
    [4000, 2],
    [6000, 4],
  ] as const) {
    now = at;
    display.show('import', done, 9);
  }
  assert.equal(output.text, 'import 2 of 9\nimport 4 of 9\n');
});

test('a terminal shows bars, and none for an empty topic', () => {
  const output = new Output(true);
  const display = displayOn(output);
  display.show('import', 3, 4);
  display.show('group.events', 0, 0);
  display.end();
  assert.match(output.text, /import +█{22,23}░{7,8} +75% {2}3 of 4/);
  assert.doesNotMatch(output.text, /group/);
});
