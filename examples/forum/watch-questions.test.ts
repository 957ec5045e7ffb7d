import { test } from 'node:test';
import { notificationRequested } from 'tributary/learning';
import { jobSpec, minute, survives } from 'tributary/testing';
import { questionAnswered, questionAsked } from './events.ts';
import { PATIENCE, watchQuestions } from './watch-questions.ts';

const meanders = { questionId: 'q-1', courseId: 'rivers', learnerId: 'ada', tutorId: 'humboldt', title: 'Why?' };
const asked = [questionAsked, meanders] as const;
const answered = [questionAnswered, { questionId: 'q-1', userId: 'ben' }] as const;
const askedBySomebodyElse = [questionAsked, { ...meanders, questionId: 'q-2', learnerId: 'carl' }] as const;

test('a question is open until it is answered', async (t) => {
  const spec = await jobSpec(t, watchQuestions);
  await spec.when(asked);
  await spec.thenView('course_questions', { ...meanders, askedAt: minute(0), state: 'open' });
  await spec.when(answered);
  await spec.thenView('course_questions', { ...meanders, askedAt: minute(0), state: 'answered' });
});

test('the tutor is reminded once of a question that has waited for two days', async (t) => {
  const spec = await jobSpec(t, watchQuestions);
  await spec.given(asked);
  await spec.whenTimeIs(minute(0) + PATIENCE - 1);
  await spec.thenNothing();
  await spec.whenTimeIs(minute(0) + PATIENCE);
  await spec.thenRow(['q-1'], { answeredAt: null, remindedAt: minute(0) + PATIENCE });
  await spec.thenEmits([
    notificationRequested,
    {
      recipientId: 'humboldt',
      notificationId: 'unanswered-q-1',
      category: 'forum',
      title: 'A question waits for an answer',
      body: 'Why?',
    },
  ]);
  await spec.when(asked);
  await spec.thenNothing();
});

test('nobody is reminded of a question that was answered in time', async (t) => {
  const spec = await jobSpec(t, watchQuestions);
  await spec.given(asked, answered);
  await spec.whenTimeIs(minute(0) + PATIENCE);
  await spec.thenNothing();
  await spec.thenRow(['q-1'], { answeredAt: minute(1), remindedAt: null });
});

test('an answer that comes before its question counts when the question comes', async (t) => {
  const spec = await jobSpec(t, watchQuestions);
  await spec.when(answered);
  await spec.thenView('course_questions');
  await spec.when(asked, answered);
  await spec.thenRow(['q-1'], { answeredAt: minute(0) });
  await spec.thenView('course_questions', { ...meanders, askedAt: minute(1), state: 'answered' });
});

survives(watchQuestions, [asked, askedBySomebodyElse, answered, asked]);
