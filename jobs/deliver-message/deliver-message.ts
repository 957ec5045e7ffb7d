/**
 * Delivers each message: calls its channel until the channel accepts or refuses it, or has failed to answer too often.
 *
 * The row is written before the call, in the state `sending`, so that the row knows of the call and the answer finds the row. A channel
 * that does not answer is called again after 1 minute, 5 minutes, 30 minutes and 2 hours; the fifth call is the last. A message that
 * expires before the next call is no longer sent.
 * Every message ends with one `notification.delivered` or `notification.failed`. Then its address and text are deleted; the row itself is
 * deleted 90 days later.
 *
 * A message becomes due only once. An answer counts only for the current attempt; a second answer, or one to an earlier attempt, changes
 * nothing.
 */
import { callAnswered, timerFired } from '../../core/event.ts';
import type { RowOf } from '../../core/target.ts';
import { messageDelivered, messageDue, messageFailed } from '../../schemas/notification.ts';
import { failedMessages, message } from '../../schemas/rows/message.ts';
import { notificationEvents } from '../../topics/index.ts';
import { call, catchingUp, defineJob, emit, view, wakeAt } from '../define.ts';

type Message = RowOf<typeof message>;

const MINUTE = 60_000;
/** How long to wait after each attempt, the first wait first. There is one attempt more than there are waits. */
const WAITS_MS = [MINUTE, 5 * MINUTE, 30 * MINUTE, 120 * MINUTE];
const FOR_EVER = Number.POSITIVE_INFINITY;
const KEPT_MS = 90 * 24 * 60 * MINUTE;
const RETRY = 'retry';
const FORGET = 'forget';

export const deliverMessage = defineJob({
  name: 'deliver-message',
  doc: 'Calls the channel of each message until it accepts or refuses the message, or was unavailable too often, and emits the outcome.',
  from: notificationEvents,
  on: [messageDue, callAnswered, timerFired],
  to: [notificationEvents],
  row: message,

  key: ({ data }) => ({ recipientId: data.recipientId, messageId: data.messageId }),

  fold: {
    'notification.message-due': (row, { data, time }) => {
      if (row !== undefined) return row;
      const { recipientId, messageId, notificationId, channel, category, expiresAt } = data;
      const { address, title, body, link, unsubscribe } = data;
      const ids = { recipientId, messageId, notificationId, channel, category };
      const parcel = { address, title, body, link, unsubscribe };
      const begun = { state: 'sending', attempts: 1, lastDetail: '', reason: null } as const;
      return { ...ids, ...begun, parcel, dueAt: time, expiresAt, changedAt: time };
    },

    'call.answered': (row, { data, time }) => {
      if (row?.state !== 'sending' || data.attempt !== row.attempts) return row;
      const answered = { ...row, lastDetail: data.detail, changedAt: time };
      if (data.outcome === 'sent') return ended(answered, null);
      if (data.outcome !== 'away') return ended(answered, data.outcome);
      return waitAfter(row.attempts) === FOR_EVER ? ended(answered, 'exhausted') : waiting(answered);
    },

    'timer.fired': (row, { data, time }) =>
      row === undefined || data.name === FORGET ? undefined : calledAgain({ ...row, changedAt: time }),
  },

  react: (before, after, { time }) => {
    if (after === undefined || after === before) return [];
    const { recipientId, messageId, notificationId, channel, category, attempts, dueAt } = after;
    const { parcel, reason, lastDetail, changedAt } = after;
    if (parcel === null) {
      const outcome = { recipientId, messageId, notificationId, channel, category, attempts, dueAt };
      const ending =
        reason === null
          ? emit(messageDelivered, outcome)
          : emit(messageFailed, { ...outcome, reason, detail: lastDetail });
      return [ending, wakeAt(FORGET, changedAt + KEPT_MS)];
    }
    if (after.state === 'waiting') return [wakeAt(RETRY, time + waitAfter(attempts))];
    return [call({ channel, attempt: attempts, messageId, ...parcel })];
  },

  views: [
    catchingUp(
      view(message, failedMessages, (row) => {
        const { recipientId, messageId, notificationId, channel, attempts, lastDetail, reason, changedAt } = row;
        const what = { recipientId, messageId, notificationId, channel, attempts, lastDetail, changedAt };
        return reason === null ? undefined : { ...what, reason };
      }),
    ),
  ],
});

function waitAfter(attempts: number): number {
  return WAITS_MS[attempts - 1] ?? FOR_EVER;
}

function waiting(row: Message): Message {
  return { ...row, state: 'waiting' };
}

function calledAgain(row: Message): Message {
  if (row.expiresAt !== null && row.changedAt >= row.expiresAt) return ended(row, 'expired');
  return { ...row, state: 'sending', attempts: row.attempts + 1 };
}

/** The message without its parcel, which only unfinished messages have. */
function ended(row: Message, reason: Message['reason']): Message {
  return { ...row, state: reason === null ? 'sent' : 'failed', reason, parcel: null };
}
