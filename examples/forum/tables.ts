/** What the job keeps of each question, and what others read of it. */
import { defineTable } from 'tributary';
import { question, questionId } from './events.ts';

const unit = 'ms since 1970 UTC';

const askedAt = { name: 'askedAt', type: 'long', doc: 'When it was asked.', unit } as const;

/** The rows of `watch-questions`: the facts, one row a question. */
export const questions = defineTable({
  name: 'questions',
  doc: 'What is known of each question.',
  key: ['questionId'],
  record: {
    type: 'record',
    name: 'Question',
    fields: [
      questionId,
      {
        name: 'asked',
        type: ['null', { type: 'record', name: 'QuestionAsked', fields: [...question, askedAt] }],
        doc: 'The question itself. Null: only an answer has come so far.',
      },
      { name: 'answeredAt', type: ['null', 'long'], doc: 'When it was answered first.', unit },
      { name: 'remindedAt', type: ['null', 'long'], doc: 'When its tutor was reminded.', unit },
    ],
  },
});

/** A view: the same by course. All questions of a course are read at once. */
export const courseQuestions = defineTable({
  name: 'course_questions',
  doc: 'The questions in the forum of each course.',
  key: ['courseId'],
  sort: ['questionId'],
  record: {
    type: 'record',
    name: 'CourseQuestion',
    fields: [
      ...question,
      askedAt,
      {
        name: 'state',
        type: { type: 'enum', name: 'QuestionState', symbols: ['open', 'overdue', 'answered'] },
        doc: 'open: it waits for an answer; overdue: it waited so long that its tutor was reminded.',
      },
    ],
  },
});
