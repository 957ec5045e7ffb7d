import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventDef, EventOf } from '../../core/event.ts';
import type { Job, Row } from '../../jobs/define.ts';
import { definePlatform } from '../../modules/define.ts';
import { learning, learningWith } from '../../modules/learning.ts';
import { notificationRequested, preferencesChanged } from '../../schemas/notification.ts';

const DAY = 24 * 60 * 60_000;

test('an installation without settings has the jobs of learning; one with settings has others of the same names', () => {
  const names = (jobs: readonly Job[]) => jobs.map(({ name }) => name);
  const { jobs, topics } = definePlatform({ modules: [learningWith({ historyDays: 30 })] });
  assert.deepEqual(names(jobs), names(learning.jobs));
  assert.deepEqual(topics, learning.topics);
});

for (const [what, { jobs }, messages] of [
  ['is history where nobody sets it', learning, 0],
  ['is history with seven days', learningWith({ historyDays: 7 }), 0],
  ['goes out with nine', learningWith({ historyDays: 9 }), 1],
] as const) {
  test(`a notification that is eight days old when it arrives ${what}`, () => {
    const notify = jobs.find(({ name }) => name === 'notify') as Job;
    const produced = (def: EventDef, data: object, lateMs = 0) =>
      ({ type: def.type, data, time: 100 * DAY, loggedAt: 100 * DAY + lateMs }) as unknown as EventOf<EventDef>;
    const preferences = { ...preferencesChanged.example, quietFrom: null, quietUntil: null, digest: null };
    const row = notify.fold[preferencesChanged.type]?.(undefined, produced(preferencesChanged, preferences), {}) as Row;
    const asked = { ...notificationRequested.example, urgent: true, expiresAt: null };
    const event = produced(notificationRequested, asked, 8 * DAY);
    const after = notify.fold[notificationRequested.type]?.(row, event, {}) as Row;
    assert.equal(notify.react(row, after, event, {}).length, messages);
  });
}
