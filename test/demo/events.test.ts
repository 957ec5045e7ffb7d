import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TributaryError } from '../../core/errors.ts';
import { compileJson } from '../../core/json.ts';
import { type DemoEvent, eventsOf, nameOf, startOf } from '../../demo/events.ts';
import { readRows } from '../../demo/read.ts';
import { presentationId, type Rows, selectRows } from '../../demo/rows.ts';
import { userCreated } from '../../schemas/user.ts';
import { keyOf } from '../../topics/define.ts';

const DAY = 86_400_000;
const NONE: Rows = { courses: [], sites: [], registrations: [], students: [], visits: [] };
const AAA = { module: 'AAA', presentation: '2013J' };
const STUDENT = { gender: 'F', region: 'Wales', education: 'HE Qualification', ageBand: '0-35', disability: false };

const rows = readRows();
const events = eventsOf(rows);
const byId = new Map(events.map((event) => [event.id, event]));
const typed = (type: string): DemoEvent[] => events.filter((event) => event.def.type === type);
const types = (of: readonly DemoEvent[]): string[] => of.map((event) => event.def.type);

function the(id: string): { type: string; topic: string; time: string; data: DemoEvent['data'] } {
  const event = byId.get(id);
  assert.ok(event, `there is no event ${id}`);
  return { type: event.def.type, topic: event.topic.name, time: new Date(event.time).toISOString(), data: event.data };
}

describe('the events of the whole data set', () => {
  test('are as many as its rows imply', () => {
    const counts = Object.fromEntries(
      [...Map.groupBy(events, ({ def }) => def.type)].map(([type, of]) => [type, of.length]),
    );
    assert.deepEqual(counts, {
      'content.published': 22,
      'batch.created': 22,
      'user.created': 28_785,
      'enrollment.enrolled': 32_593,
      'enrollment.unenrolled': 10_072,
      'enrollment.content-progressed': 13_905,
    });
    assert.equal(events.length, 85_399);
  });

  test('have ids that are unique, and the same at every run', () => {
    assert.equal(byId.size, events.length);
    assert.deepEqual(
      eventsOf(readRows()).map(({ id }) => id),
      events.map(({ id }) => id),
    );
  });

  test('are all valid by their schemas, and are in topics that declare them', () => {
    const checks = new Map([...new Set(events.map(({ def }) => def))].map((def) => [def, compileJson(def.schema)]));
    for (const { topic, def, data, id } of events) {
      const checked = checks.get(def)?.(data, 'data');
      assert.ok(checked?.ok, `${id}: ${JSON.stringify(checked)}`);
      assert.ok(topic.events.includes(def), id);
      assert.equal(typeof keyOf(topic, { type: def.type, data }), 'string');
    }
  });

  test('are in the order of time, since no row of the published data ends before it begins', () => {
    for (const [i, event] of events.entries()) assert.ok(i === 0 || (events[i - 1]?.time ?? 0) <= event.time, event.id);
  });

  test('have a course, a batch, a user and an enrollment before the events that need them', () => {
    const seen = new Set<string>();
    for (const { def, id, data } of events) {
      const { courseId, userId } = data;
      const needs = {
        'batch.created': [`published/${courseId}`],
        'enrollment.enrolled': [`created/${courseId}`, `user/${userId}`],
        'enrollment.content-progressed': [`created/${courseId}`, `user/${userId}`],
        'enrollment.unenrolled': [`enrolled/${courseId}/${userId}`],
      }[def.type];
      for (const need of needs ?? []) assert.ok(seen.has(need), `${id} comes before ${need}`);
      seen.add(id);
    }
  });

  test('are in the order of the file where type and time are equal', () => {
    const indexes = new Map(rows.registrations.map((row, i) => [`enrolled/${presentationId(row)}/${row.student}`, i]));
    const enrolled = typed('enrollment.enrolled');
    for (const [i, event] of enrolled.entries()) {
      const before = enrolled[i - 1];
      if (before?.time !== event.time) continue;
      assert.ok(Number(indexes.get(before.id)) < Number(indexes.get(event.id)), event.id);
    }
  });

  test('give each course the sites of its presentation, and a unit for each activity type', () => {
    const contents = typed('content.published').flatMap(({ data }) => data['contents'] as { contentId: string }[]);
    assert.equal(contents.length, 6364);
    const { data, time, type } = the('published/AAA-2013J');
    assert.equal(type, 'content.published');
    assert.equal(time, '2012-10-01T00:00:00.000Z');
    const { name, units, contents: own } = data as { name: string; units: { unitId: string }[]; contents: object[] };
    assert.equal(name, 'AAA, October 2013');
    assert.equal(own.length, 211);
    assert.deepEqual(own[0], { contentId: '546943', unitId: 'resource', name: 'resource 546943', type: 'resource' });
    assert.deepEqual(units.map(({ unitId }) => unitId).sort(), [
      'dataplus',
      'forumng',
      'glossary',
      'homepage',
      'oucollaborate',
      'oucontent',
      'resource',
      'subpage',
      'url',
    ]);
  });

  test('let a batch run for the length of its presentation', () => {
    assert.deepEqual(the('created/BBB-2014B'), {
      type: 'batch.created',
      topic: 'batch.events',
      time: '2013-02-01T00:00:00.000Z',
      data: {
        batchId: 'BBB-2014B',
        courseId: 'BBB-2014B',
        name: 'BBB, February 2014',
        startsAt: Date.UTC(2014, 1, 1),
        endsAt: Date.UTC(2014, 1, 1) + 234 * DAY,
      },
    });
  });

  test('enroll and unenroll on the days of the registration', () => {
    const data = { userId: '30268', courseId: 'AAA-2013J', batchId: 'AAA-2013J' };
    assert.deepEqual(the('enrolled/AAA-2013J/30268'), {
      type: 'enrollment.enrolled',
      topic: 'enrollment.events',
      time: '2013-07-01T00:00:00.000Z',
      data,
    });
    assert.deepEqual(the('unenrolled/AAA-2013J/30268'), {
      type: 'enrollment.unenrolled',
      topic: 'enrollment.events',
      time: '2013-10-13T00:00:00.000Z',
      data,
    });
    assert.equal(byId.has('unenrolled/AAA-2013J/11391'), false);
  });

  test('enroll students without a date of registration when the batch was created', () => {
    assert.equal(the('enrolled/BBB-2013J/57369').time, '2012-10-01T00:00:00.000Z');
    assert.equal(the('unenrolled/BBB-2013J/57369').time, '2013-09-30T00:00:00.000Z');
    const dateless = rows.registrations.filter(({ registered }) => registered === undefined);
    assert.equal(dateless.length, 45);
    for (const { student, ...of } of dateless) {
      const id = presentationId(of);
      assert.equal(the(`enrolled/${id}/${student}`).time, the(`created/${id}`).time);
    }
  });

  test('create a user once, by the row of the first presentation where rows disagree', () => {
    // This student was in the age band 0-35 in 2013J, and in 35-55 in 2014J.
    assert.deepEqual(the('user/2576122'), {
      type: 'user.created',
      topic: 'user.events',
      time: '2013-05-17T00:00:00.000Z',
      data: {
        userId: '2576122',
        gender: 'M',
        region: 'North Western Region',
        ageBand: '0-35',
        education: 'A Level or Equivalent',
        disability: false,
      },
    });
    assert.equal(the('user/473095').data['ageBand'], '0-35');
    assert.equal(the('user/30268').data['disability'], true);
  });

  test('number visits that are identical', () => {
    const row = 'visit/AAA-2013J/978739/546916/0/1';
    for (const occurrence of [1, 2, 3, 4]) {
      assert.deepEqual(the(`${row}/${occurrence}`), {
        type: 'enrollment.content-progressed',
        topic: 'enrollment.events',
        time: '2013-10-01T00:00:00.000Z',
        data: { userId: '978739', courseId: 'AAA-2013J', contentId: '546916', status: 'completed', views: 1 },
      });
    }
    assert.equal(byId.has(`${row}/5`), false);
    assert.equal(typed('enrollment.content-progressed').filter(({ id }) => id.endsWith('/1')).length, 13_544);
  });
});

describe('the mapping', () => {
  test('keeps an enrollment before its end, though the days of the row are the other way round', () => {
    const registration = { ...AAA, student: '1', registered: 5, unregistered: 3 };
    const visit = { ...AAA, student: '1', site: '9', day: 4, clicks: 1 };
    const produced = eventsOf({ ...NONE, registrations: [registration], visits: [visit] });
    assert.deepEqual(types(produced), [
      'enrollment.content-progressed',
      'enrollment.enrolled',
      'enrollment.unenrolled',
    ]);
    assert.deepEqual(
      produced.map(({ time }) => (time - startOf(AAA)) / DAY),
      [4, 5, 3],
    );
  });

  test('puts events in their necessary order when all of them happen on one day', () => {
    const produced = eventsOf({
      courses: [{ ...AAA, days: 268 }],
      sites: [{ ...AAA, site: '9', activityType: 'quiz' }],
      registrations: [{ ...AAA, student: '1', registered: undefined, unregistered: -365 }],
      students: [{ ...AAA, ...STUDENT, student: '1' }],
      visits: [{ ...AAA, student: '1', site: '9', day: -365, clicks: 2 }],
    });
    assert.deepEqual(types(produced), [
      'content.published',
      'batch.created',
      'user.created',
      'enrollment.enrolled',
      'enrollment.content-progressed',
      'enrollment.unenrolled',
    ]);
    assert.equal(new Set(produced.map(({ time }) => time)).size, 1);
  });

  test('takes the presentation with the smaller code among those that start together', () => {
    const bbb = { module: 'BBB', presentation: '2013J' };
    const earlier = { module: 'ZZZ', presentation: '2013B' };
    const student = (of: typeof AAA, region: string) => ({ ...of, ...STUDENT, student: '1', region });
    const produced = (students: Rows['students']) => eventsOf({ ...NONE, students }).map(({ data }) => data['region']);
    assert.deepEqual(produced([student(bbb, 'Wales'), student(AAA, 'Scotland')]), ['Scotland']);
    assert.deepEqual(produced([student(AAA, 'Scotland'), student(bbb, 'Wales')]), ['Scotland']);
    assert.deepEqual(produced([student(AAA, 'Scotland'), student(earlier, 'Ireland')]), ['Ireland']);
  });

  test('creates a user at the earliest registration, even if that is of a later presentation', () => {
    const later = { module: 'AAA', presentation: '2014J' };
    const registration = (of: typeof AAA, registered: number) => ({
      ...of,
      student: '1',
      registered,
      unregistered: undefined,
    });
    const [user] = eventsOf({
      ...NONE,
      registrations: [registration(AAA, 10), registration(later, -360)],
      students: [{ ...AAA, ...STUDENT, student: '1' }],
    });
    assert.equal(user?.def.type, 'user.created');
    assert.equal(new Date(user.time).toISOString(), '2013-10-06T00:00:00.000Z');
  });

  test('leaves out unknown data of a student', () => {
    const unknown = {
      gender: undefined,
      region: undefined,
      education: undefined,
      ageBand: undefined,
      disability: undefined,
    };
    const [user] = eventsOf({ ...NONE, students: [{ ...AAA, ...unknown, student: '1' }] });
    assert.deepEqual(user?.data, {
      userId: '1',
      gender: null,
      region: null,
      ageBand: null,
      education: null,
      disability: null,
    });
    assert.equal(user.time, startOf(AAA) - 365 * DAY);
  });

  test('names a presentation by its module and month', () => {
    assert.equal(nameOf({ module: 'GGG', presentation: '2014B' }), 'GGG, February 2014');
    assert.throws(() => nameOf({ module: 'GGG', presentation: '2014X' }), /2014X is no code of a presentation/);
  });
});

describe('a selection of presentations', () => {
  test('has all that belongs to them and nothing else', () => {
    const selected = selectRows(rows, ['AAA-2013J', 'AAA-2014J']);
    assert.equal(selected.registrations.length, 383 + 365);
    assert.deepEqual(
      [...new Set([...selected.students, ...selected.sites, ...selected.visits].map(presentationId))].sort(),
      ['AAA-2013J', 'AAA-2014J'],
    );
    const own = (event: DemoEvent) => event.def !== userCreated;
    assert.deepEqual(
      eventsOf(selected).filter(own),
      events.filter((event) => own(event) && ['AAA-2013J', 'AAA-2014J'].includes(String(event.data['courseId']))),
    );
  });

  test('of one that does not exist is refused, and the message lists the existing ones', () => {
    assert.throws(
      () => selectRows(rows, ['AAA-2013J', 'AAA-2013X']),
      (error: unknown) =>
        error instanceof TributaryError &&
        error.code === 'NOT_FOUND' &&
        error.message.includes('no presentation AAA-2013X;') &&
        error.message.includes('AAA-2013J, AAA-2014J, BBB-2013B'),
    );
  });
});
