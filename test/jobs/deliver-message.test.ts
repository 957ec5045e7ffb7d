import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliverMessage } from '../../jobs/deliver-message/deliver-message.ts';
import { messageDelivered, messageDue, messageFailed } from '../../schemas/notification.ts';
import { message } from '../../schemas/rows/message.ts';
import type { Answer } from '../../sinks/channels/port.ts';
import { type JobSpec, jobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';
import { rememberingChannel } from '../../testing/stores.ts';
import { survives } from '../../testing/survival.ts';

const ids = { recipientId: 'ada', messageId: 'exam-1/mail', notificationId: 'exam-1', channel: 'mail' } as const;
const parcel = { address: 'ada@example.org', title: 'Tomorrow', body: 'Room 4', link: '/exams/1', unsubscribe: null };
const key = ['ada', 'exam-1/mail'];
const due: SpecEvent = [messageDue, { ...ids, ...parcel, category: 'exam', expiresAt: null }];
const dueUntil = (expiresAt: number): SpecEvent => [messageDue, { ...ids, ...parcel, category: 'exam', expiresAt }];

const accepts: Answer = { outcome: 'sent', detail: '250 accepted' };
const refuses: Answer = { outcome: 'refused', detail: '550 no such mailbox' };
const away = (turn: number): Answer => ({ outcome: 'away', detail: `451 try again later (${turn})` });

/** A mail channel that gives these answers in order. */
function answering(...answers: readonly Answer[]) {
  let turn = 0;
  return rememberingChannel(() => answers[turn++] ?? assert.fail('the channel was called once too often'));
}
const through = ({ channel }: ReturnType<typeof answering>) => ({ channels: { mail: channel } });

const common = { ...ids, category: 'exam', dueAt: minute(0) };
const delivered = (attempts: number) => [messageDelivered, { ...common, attempts }] as const;
const failed = (attempts: number, reason: string, detail: string) =>
  [messageFailed, { ...common, attempts, reason, detail }] as const;

test('a message that its channel accepts is sent, and its address and text are deleted', async (t) => {
  const mail = answering(accepts);
  const spec = await jobSpec(t, deliverMessage, through(mail));
  await spec.when(due);
  const [sent] = mail.messages;
  assert.deepEqual({ unsubscribe: null, ...sent, key: '' }, { ...parcel, key: '', time: minute(0), sentAt: minute(0) });
  await spec.thenRow(key, {
    ...common,
    state: 'sent',
    attempts: 1,
    lastDetail: '250 accepted',
    reason: null,
    parcel: null,
    dueAt: minute(0),
    expiresAt: null,
    changedAt: minute(0),
  });
  await spec.thenEmits(delivered(1));
  await spec.thenView('failed_messages');
});

test('a message that its channel refuses has failed, and is not tried again', async (t) => {
  const mail = answering(refuses);
  const spec = await jobSpec(t, deliverMessage, through(mail));
  await spec.when(due);
  await spec.thenRow(key, { state: 'failed', attempts: 1, reason: 'refused', parcel: null });
  await spec.thenEmits(failed(1, 'refused', '550 no such mailbox'));
  await spec.whenTimeIs(minute(10_000));
  await spec.thenNothing();
});

test('a message for a channel that is not configured is refused', async (t) => {
  const spec = await jobSpec(t, deliverMessage);
  await spec.when(due);
  await spec.thenEmits(failed(1, 'refused', 'no channel mail is configured'));
});

test('a channel that throws is away, since the effect of the call is unknown', async (t) => {
  const mail = rememberingChannel(() => assert.fail('broken pipe'));
  const spec = await jobSpec(t, deliverMessage, through(mail));
  await spec.when(due);
  await spec.thenRow(key, { state: 'waiting', lastDetail: 'broken pipe' });
});

test('a message is written as sending before its channel is called', async (t) => {
  const states: unknown[] = [];
  const spec: JobSpec = await jobSpec(t, deliverMessage, {
    ...through(answering(accepts)),
    reach: async (point) => {
      if (point === 'call channel') states.push((await spec.row(message, key))?.state);
    },
  });
  await spec.when(due);
  assert.deepEqual(states, ['sending']);
});

/** After how many minutes a channel that is away is called for the second time, the third and so on. */
const LADDER = [1, 1 + 5, 1 + 5 + 30, 1 + 5 + 30 + 120];

for (let calls = 2; calls <= 5; calls++) {
  test(`a channel that is away is called again ${LADDER.slice(0, calls - 1).join(', ')} minutes after the message was due, and may accept it then`, async (t) => {
    const mail = answering(...Array.from({ length: calls - 1 }, (_, i) => away(i + 1)), accepts);
    const spec = await jobSpec(t, deliverMessage, through(mail));
    await spec.when(due);
    for (let n = 1; n < calls; n++) {
      const next = minute(LADDER[n - 1] as number);
      await spec.thenRow(key, { state: 'waiting', attempts: n, lastDetail: `451 try again later (${n})`, parcel });
      await spec.thenNothing();
      await spec.whenTimeIs(next - 1);
      assert.equal(mail.calls.length, n);
      await spec.whenTimeIs(next);
      assert.equal(mail.calls.length, n + 1);
      await spec.thenRow(key, { attempts: n + 1, changedAt: next });
    }
    await spec.thenRow(key, { state: 'sent', parcel: null });
    await spec.thenEmits(delivered(calls));
    assert.equal(new Set(mail.calls).size, 1, 'every attempt at one message has the same key');
  });
}

test('after its channel was away five times a message has failed', async (t) => {
  const mail = answering(away(1), away(2), away(3), away(4), away(5));
  const spec = await jobSpec(t, deliverMessage, through(mail));
  await spec.given(due);
  for (const after of LADDER.slice(0, -1)) await spec.whenTimeIs(minute(after));
  await spec.thenNothing();
  await spec.whenTimeIs(minute(LADDER.at(-1) as number));
  await spec.thenRow(key, { state: 'failed', attempts: 5, reason: 'exhausted', parcel: null });
  await spec.thenEmits(failed(5, 'exhausted', '451 try again later (5)'));
  await spec.whenTimeIs(minute(100_000));
  await spec.thenNothing();
  assert.equal(mail.calls.length, 5);
});

test('a channel that refuses after it was away is not called again', async (t) => {
  const mail = answering(away(1), refuses);
  const spec = await jobSpec(t, deliverMessage, through(mail));
  await spec.given(due);
  await spec.whenTimeIs(minute(1));
  await spec.thenEmits(failed(2, 'refused', '550 no such mailbox'));
});

/** When a message expires while its channel is away until minute 6; after how many calls, and how, it ends. */
const EXPIRES: readonly (readonly [rule: string, expiresAt: number, calls: number, reason: string | null])[] = [
  ['at the first retry', minute(1), 1, 'expired'],
  ['before the first retry', minute(0) + 1, 1, 'expired'],
  ['before it was due, which its sender answers for, it is called once', minute(-1), 1, 'expired'],
  ['between two retries', minute(3), 2, 'expired'],
  ['at the second retry', minute(6), 2, 'expired'],
  ['just after the second retry', minute(6) + 1, 3, null],
];

for (const [rule, expiresAt, calls, reason] of EXPIRES) {
  test(`a message that expires ${rule}: ${reason === null ? 'is sent' : 'is given up'} after ${calls} calls`, async (t) => {
    const mail = answering(...[away(1), away(2)].slice(0, calls), ...(reason === null ? [accepts] : []));
    const spec = await jobSpec(t, deliverMessage, through(mail));
    await spec.given(dueUntil(expiresAt));
    if (calls > 1) await spec.whenTimeIs(minute(1));
    const last = minute(calls === 1 ? 1 : 6);
    await spec.whenTimeIs(last);
    await spec.thenRow(key, { attempts: calls, reason, expiresAt, parcel: null, changedAt: last });
    await spec.thenEmits(reason === null ? delivered(3) : failed(calls, reason, `451 try again later (${calls})`));
    assert.equal(mail.calls.length, calls);
  });
}

test('a call carries the time at which it is made, whenever its message was due: the date of a mail is that of sending', async (t) => {
  const mail = answering(away(1), accepts);
  const spec = await jobSpec(t, deliverMessage, through(mail));
  await spec.whenTimeIs(minute(600));
  await spec.when(due);
  await spec.whenTimeIs(minute(601));
  const dates = mail.messages.map(({ time, sentAt }) => [time, sentAt]);
  assert.deepEqual(
    dates.map(([, sentAt]) => sentAt),
    [minute(600), minute(601)],
  );
  assert.equal(dates[0]?.[0], minute(0));
});

for (const answer of [accepts, refuses]) {
  test(`a message that was ${answer.outcome} is deleted 90 days after it ended, and emits nothing more`, async (t) => {
    const spec = await jobSpec(t, deliverMessage, through(answering(away(1), answer)));
    await spec.whenTimeIs(minute(600));
    await spec.given(due);
    await spec.whenTimeIs(minute(601));
    const days = 24 * 60;
    await spec.whenTimeIs(minute(601 + 90 * days) - 1);
    await spec.thenRow(key, { parcel: null, dueAt: minute(0), changedAt: minute(601) });
    await spec.whenTimeIs(minute(601 + 90 * days));
    await spec.thenRow(key, undefined);
    await spec.thenView('failed_messages');
    await spec.thenNothing();
  });
}

const STATES: readonly (readonly [state: string, answers: readonly Answer[]])[] = [
  ['sent', [accepts]],
  ['failed', [refuses]],
  ['waiting', [away(1)]],
];

for (const [state, answers] of STATES) {
  test(`a message that is ${state} is not due a second time`, async (t) => {
    const mail = answering(...answers);
    const spec = await jobSpec(t, deliverMessage, through(mail));
    await spec.given(due);
    await spec.when([messageDue, { ...ids, ...parcel, title: 'Once more', expiresAt: null }]);
    await spec.thenRow(key, { state, attempts: 1, dueAt: minute(0) });
    await spec.thenNothing();
    assert.equal(mail.calls.length, 1);
  });
}

test('two messages of one notification are two, with keys of their own', async (t) => {
  const mail = answering(accepts);
  const push = rememberingChannel(() => refuses);
  const spec = await jobSpec(t, deliverMessage, { channels: { mail: mail.channel, push: push.channel } });
  const toPush = { ...ids, messageId: 'exam-1/push', channel: 'push' } as const;
  await spec.when(due, [messageDue, { ...toPush, ...parcel, expiresAt: null }]);
  await spec.thenRow(key, { state: 'sent' });
  await spec.thenRow(['ada', 'exam-1/push'], { state: 'failed' });
  assert.notEqual(mail.calls[0], push.calls[0]);
  for (const name of [...mail.calls, ...push.calls]) assert.match(name, /^[!-~]+$/);
});

/** The process crashes after a call, before its answer is in the log. */
const REPEATS = [
  ['honours-key', 2, 'sent'],
  ['at-least-once', 2, 'sent'],
  ['at-most-once', 1, 'failed'],
] as const;

for (const [repeats, calls, state] of REPEATS) {
  test(`when the process ends during a call, a channel that says ${repeats} is called ${calls === 1 ? 'once' : 'again'}`, async (t) => {
    const mail = rememberingChannel(() => accepts, repeats);
    let armed = true;
    const spec = await jobSpec(t, deliverMessage, {
      ...through(mail),
      reach: (point) => {
        if (!armed || point !== 'before commit') return;
        armed = false;
        throw new Error('the process ends here');
      },
    });
    await assert.rejects(spec.given(due), /the process ends here/);
    spec.restart();
    await spec.when();
    await spec.thenRow(key, { state, attempts: 1, reason: state === 'sent' ? null : 'unknown' });
    assert.equal(mail.calls.length, calls);
    assert.equal(new Set(mail.calls).size, 1);
  });
}

/** Answers in the log to an attempt that is not in progress. */
const ANSWERS: readonly (readonly [rule: string, state: string, attempt: number])[] = [
  ['an earlier attempt', 'sending', 1],
  ['a later attempt', 'sending', 3],
  ['the attempt that was answered', 'waiting', 2],
  ['a message that ended', 'sent', 2],
];

for (const [rule, state, attempt] of ANSWERS) {
  test(`an answer about ${rule} changes nothing`, () => {
    const row = {
      ...ids,
      state,
      attempts: 2,
      lastDetail: '',
      reason: null,
      parcel,
      dueAt: 0,
      expiresAt: null,
      changedAt: 0,
    };
    const data = { job: 'deliver-message', row: key, attempt, outcome: 'refused', detail: 'no' };
    const event = { type: 'call.answered', id: '1', source: '/test', time: 5, loggedAt: 5, tenant: 'default', data };
    assert.equal(deliverMessage.fold['call.answered']?.(row, event, {}), row);
    assert.deepEqual(deliverMessage.react(row, row, event, {}), []);
  });
}

test('the way to unsubscribe is kept with the message, and is part of its call', () => {
  const unsubscribe = 'https://learn.example.org/out';
  const data = { ...ids, ...parcel, unsubscribe, expiresAt: null };
  const event = {
    type: 'notification.message-due',
    id: '1',
    source: '/test',
    time: 5,
    loggedAt: 5,
    tenant: 'default',
    data,
  };
  const row = deliverMessage.fold['notification.message-due']?.(undefined, event, {});
  assert.ok(row !== undefined && 'parcel' in row);
  assert.deepEqual(row['parcel'], { ...parcel, unsubscribe });
  assert.deepEqual(deliverMessage.react(undefined, row, event, {}), [
    { kind: 'call', channel: 'mail', attempt: 1, messageId: ids.messageId, ...parcel, unsubscribe },
  ]);
});

const NO_IDS = ['', 'x'.repeat(513), 'a\0b'];

for (const messageId of NO_IDS) {
  test(`a message of the id ${JSON.stringify(messageId.slice(0, 9))} is refused`, async (t) => {
    const mail = answering();
    const spec = await jobSpec(t, deliverMessage, through(mail));
    await spec.when([messageDue, { ...ids, ...parcel, messageId, expiresAt: null }]);
    await spec.thenDeadLetters('KEY_INVALID');
  });
}

test('failed messages can be searched by the answer of the channel, without address and text', async (t) => {
  const spec = await jobSpec(t, deliverMessage, through(answering(refuses)));
  await spec.given(dueUntil(minute(9)));
  await spec.thenView('failed_messages', {
    ...ids,
    attempts: 1,
    lastDetail: '550 no such mailbox',
    reason: 'refused',
    changedAt: minute(0),
  });
});

/** The answer for each message, by its title. */
const ANSWERS_BY_TITLE: Readonly<Record<string, (time: number) => Answer>> = {
  accepted: () => accepts,
  refused: () => refuses,
  later: (time) => (time < minute(12) ? away(0) : accepts),
  never: () => away(0),
};

/** A message whose title decides its answer. */
const to = (recipientId: string, title: string, expiresAt: number | null = null): SpecEvent => [
  messageDue,
  { ...ids, recipientId, messageId: `${title}/mail`, notificationId: title, ...parcel, title, expiresAt },
];

survives(
  deliverMessage,
  [
    to('ada', 'accepted'),
    to('ben', 'never'),
    to('ada', 'later'),
    to('ada', 'accepted'),
    to('ben', 'refused'),
    to('eve', 'never', minute(9)),
    to('ben', 'later', minute(9)),
    to('ada', 'later'),
    to('ada', ''),
  ],
  {
    channels: { mail: rememberingChannel((_, { title, time }) => ANSWERS_BY_TITLE[title]?.(time) ?? refuses).channel },
  },
);
