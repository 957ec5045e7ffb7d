/**
 * Which questions in the forums wait for an answer. When one has waited for two days, its tutor is reminded.
 *
 * A row keeps facts, and what follows from them is concluded. So a repeated event changes nothing, and an answer that comes
 * before its question is kept and counts when the question comes.
 */
import { defineJob, emit, type RowOf, sleep, timerFired, view, wakeAt } from 'tributary';
import { notificationEvents, notificationRequested } from 'tributary/learning';
import { questionAnswered, questionAsked, questionEvents } from './events.ts';
import { courseQuestions, questions } from './tables.ts';

type Question = RowOf<typeof questions>;

/** In ms, as all times. */
export const PATIENCE = 2 * 24 * 60 * 60 * 1000;

export const watchQuestions = defineJob({
  name: 'watch-questions',
  doc: 'Keeps which questions wait for an answer, and reminds the tutor of those that wait for two days.',
  from: questionEvents,
  on: [questionAsked, questionAnswered, timerFired],
  to: [notificationEvents],
  row: questions,

  /** Which row an event is about. */
  key: ({ data }) => ({ questionId: data.questionId }),

  /** The row after the event. Time is the event's: there is no clock here. */
  fold: {
    'question.asked': (row, { data, time }) => {
      const question = row ?? newQuestion(data);
      return question.asked === null ? { ...question, asked: { ...data, askedAt: time } } : question;
    },

    'question.answered': (row, { data, time }) => {
      const question = row ?? newQuestion(data);
      return { ...question, answeredAt: Math.min(time, question.answeredAt ?? time) };
    },

    'timer.fired': (row, { time }) => row && { ...row, remindedAt: time },
  },

  /** What follows from the change of the row: events to other topics, and timers. */
  react: (before, after) => {
    if (before === after || after === undefined || after.asked === null) return [];
    switch (stateOf(after)) {
      case 'open':
        return [wakeAt('unanswered', after.asked.askedAt + PATIENCE)];
      case 'answered':
        return [sleep('unanswered')];
      case 'overdue':
        return [reminderOf(after.asked)];
    }
  },

  /** What other tables hold of the row. */
  views: [view(questions, courseQuestions, listed)],
});

const newQuestion = ({ questionId }: Pick<Question, 'questionId'>): Question => ({
  questionId,
  asked: null,
  answeredAt: null,
  remindedAt: null,
});

/** Undefined: there is nothing to list yet. */
function listed(row: Question) {
  return row.asked === null ? undefined : { ...row.asked, state: stateOf(row) };
}

function stateOf({ answeredAt, remindedAt }: Question): 'open' | 'overdue' | 'answered' {
  if (answeredAt !== null) return 'answered';
  return remindedAt === null ? 'open' : 'overdue';
}

/** The built-in module does the rest: the tutor's feed, mails, quiet hours. */
const reminderOf = ({ questionId, tutorId, title }: NonNullable<Question['asked']>) =>
  emit(notificationRequested, {
    recipientId: tutorId,
    notificationId: `unanswered-${questionId}`,
    category: 'forum',
    title: 'A question waits for an answer',
    body: title,
  });
