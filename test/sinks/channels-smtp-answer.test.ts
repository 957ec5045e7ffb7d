import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerTo } from '../../sinks/channels/smtp/answer.ts';

const error = (code: string, responseCode?: number, message = 'said') =>
  Object.assign(new Error(message), { code, responseCode });

/** The error, whether the text of the mail had been sent, and the outcome where mails are sent at least once. */
const OUTCOMES: readonly (readonly [error: unknown, textHasLeft: boolean, outcome: string])[] = [
  [error('EENVELOPE', 550), false, 'refused'],
  [error('EENVELOPE', 501), false, 'refused'],
  [error('EENVELOPE', 450), false, 'away'],
  [error('EENVELOPE', 503), false, 'away'],
  [error('EENVELOPE', 530), false, 'away'],
  [error('EENVELOPE'), false, 'refused'],
  [error('EMESSAGE', 554), true, 'refused'],
  [error('EMESSAGE', 451), true, 'away'],
  [error('EMESSAGE'), false, 'refused'],
  [error('EAUTH', 535), false, 'away'],
  [error('EPROTOCOL', 554), false, 'away'],
  [error('ECONNECTION', 421), true, 'away'],
  [error('ESOCKET'), false, 'away'],
  [error('ETIMEDOUT'), false, 'away'],
  [error('ETLS'), false, 'away'],
  ['a text', false, 'away'],
];

for (const [failure, textHasLeft, outcome] of OUTCOMES) {
  const { code = failure, responseCode = 'no answer' } = failure as { code?: unknown; responseCode?: unknown };
  test(`${code} with ${responseCode}, the text ${textHasLeft ? 'gone' : 'not gone'}, is ${outcome}`, () => {
    for (const repeats of ['at-least-once', 'at-most-once'] as const) {
      assert.equal(answerTo(failure, textHasLeft, repeats).outcome, outcome);
    }
  });
}

test('without an answer to a text that has been sent, the declared choice decides', () => {
  const detail = 'the server did not say whether it took the mail: said';
  assert.deepEqual(answerTo(error('ECONNECTION'), true, 'at-least-once'), { outcome: 'away', detail });
  assert.deepEqual(answerTo(error('ECONNECTION'), true, 'at-most-once'), { outcome: 'unknown', detail });
});

test('the answer of the server is one short line', () => {
  const { detail } = answerTo(error('EMESSAGE', 550, `550-no\r\n550 ${'x'.repeat(1000)}`), true, 'at-least-once');
  assert.match(detail, /^550-no 550 x+$/);
  assert.equal(detail.length, 300);
});
