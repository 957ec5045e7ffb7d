import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { progressLine } from '../../cli/output/progress-line.ts';

function written(isSeen: boolean) {
  let [text, now] = ['', 0];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const line = progressLine(stream, isSeen, () => now);
  return {
    line,
    text: () => text,
    after(ms: number) {
      now += ms;
    },
  };
}

test('on a terminal one line is overwritten, not too often, and is removed at the end', () => {
  const { line, text, after } = written(true);
  line.show('9 behind: notify');
  line.show('8 behind: notify');
  after(250);
  line.show('2 behind: notify');
  line.clear();
  assert.equal(text(), '\r\u001b[K9 behind: notify\r\u001b[K2 behind: notify\r\u001b[K');
});

test('elsewhere, and where nothing was shown, nothing is written', () => {
  const [unseen, idle] = [written(false), written(true)];
  unseen.line.show('9 behind: notify');
  for (const { line } of [unseen, idle]) line.clear();
  assert.deepEqual([unseen.text(), idle.text()], ['', '']);
});
