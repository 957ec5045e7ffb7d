/** What happens to a question in the forum of a course, and the topic that carries it. */
import { defineEvent, defineTopic } from 'tributary';

const namespace = 'org.example.forum';

export const questionId = { name: 'questionId', type: 'string', doc: 'The question.' } as const;

/** What a question consists of: the event has these fields, and the row keeps them. */
export const question = [
  questionId,
  { name: 'courseId', type: 'string', doc: 'The course in whose forum it was asked.' },
  { name: 'learnerId', type: 'string', doc: 'Who asked.' },
  { name: 'tutorId', type: 'string', doc: 'Who is reminded if nobody answers.' },
  { name: 'title', type: 'string', doc: 'The question in one line.' },
] as const;

export const questionAsked = defineEvent(
  'question.asked',
  { type: 'record', name: 'Asked', namespace, doc: 'A learner asked a question.', fields: question },
  { questionId: 'q-1', courseId: 'rivers', learnerId: 'ada', tutorId: 'humboldt', title: 'Why do rivers meander?' },
);

export const questionAnswered = defineEvent(
  'question.answered',
  {
    type: 'record',
    name: 'Answered',
    namespace,
    doc: 'Somebody answered a question. There may be several answers.',
    fields: [questionId, { name: 'userId', type: 'string', doc: 'Who answered.' }],
  },
  { questionId: 'q-1', userId: 'ben' },
);

/** All events of one question are in one partition, in order. */
export const questionEvents = defineTopic({
  name: 'question.events',
  doc: 'What happens to one question.',
  key: 'questionId',
  events: [questionAsked, questionAnswered],
});
