/** The contract of the requests port for schedules. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Requests, Schedule } from '../../sinks/requests/port.ts';
import { existing, leased, leaseOf, T0 } from './requests-samples.ts';

const DAY = 86_400_000;
const nextDay = (schedule: Schedule): number => schedule.nextAt + DAY;

function daily(id: string, nextAt: number): Schedule {
  return {
    id,
    tenant: 'acme',
    report: 'progress',
    parameters: { course: 'Größe' },
    requestedBy: 'eve',
    maxAttempts: 2,
    cron: '0 6 * * *',
    enabled: true,
    nextAt,
  };
}

export function schedulesContract(name: string, make: (t: TestContext) => Promise<Requests>): void {
  const scheduleTest = (title: string, body: (requests: Requests) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t)));
  };

  scheduleTest('schedules are kept, replaced and removed', async (requests) => {
    await requests.putSchedule(daily('b', T0));
    await requests.putSchedule(daily('a', T0));
    await requests.putSchedule({ ...daily('other', T0), tenant: 'umbrella' });
    const replaced = {
      ...daily('b', T0 + 5),
      report: 'grades',
      enabled: false,
      cron: '0 7 * * 1',
      parameters: {},
      maxAttempts: 5,
    };
    await requests.putSchedule(replaced);
    assert.deepEqual(await requests.schedules('acme'), [daily('a', T0), replaced]);
    await requests.removeSchedule('a');
    await requests.removeSchedule('a');
    assert.deepEqual(await requests.schedules('acme'), [replaced]);
    assert.equal((await requests.schedules('umbrella')).length, 1);
  });

  scheduleTest('a schedule fires when it is due, and moves on', async (requests) => {
    await requests.putSchedule(daily('s1', T0));
    await requests.putSchedule(daily('later', T0 + 1));
    await requests.putSchedule({ ...daily('off', T0 - 1), enabled: false });
    assert.deepEqual(await requests.fire(T0 - 1, nextDay), []);
    const made = await requests.fire(T0, nextDay);
    assert.equal(made.length, 1);
    const [request] = made;
    assert.ok(request);
    assert.equal(request.id, `schedule/s1/${T0}`);
    assert.deepEqual(await requests.get(request.id), request);
    const { tenant, report, parameters, requestedBy, maxAttempts, state, createdAt } = request;
    assert.deepEqual(
      { tenant, report, parameters, requestedBy, maxAttempts, state, createdAt },
      {
        tenant: 'acme',
        report: 'progress',
        parameters: { course: 'Größe' },
        requestedBy: 'eve',
        maxAttempts: 2,
        state: 'waiting',
        createdAt: T0,
      },
    );
    const times = (await requests.schedules('acme')).map(({ id, nextAt }) => [id, nextAt]);
    assert.deepEqual(times, [
      ['later', T0 + 1],
      ['off', T0 - 1],
      ['s1', T0 + DAY],
    ]);
    assert.deepEqual(await requests.fire(T0, nextDay), [], 'it does not fire twice');
    assert.equal((await requests.lease('ada', T0 + 1, T0 + 100))?.id, request.id);
  });

  scheduleTest('a request made by a schedule is tried as often as the schedule says', async (requests) => {
    await requests.putSchedule({ ...daily('s1', T0), maxAttempts: 1 });
    await requests.fire(T0, nextDay);
    await requests.putSchedule({ ...daily('s1', T0 + DAY), maxAttempts: 4 });
    await requests.fire(T0 + DAY, nextDay);
    const once = await leased(requests, 'ada', T0 + DAY, T0 + DAY + 10);
    assert.equal(once.id, `schedule/s1/${T0}`, 'a request keeps the settings of its schedule at that time');
    await requests.fail(leaseOf(once), T0 + DAY + 1, 'the tables are away', false);
    assert.equal((await existing(requests, once.id)).state, 'failed');
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      const lease = await leased(requests, 'ada', T0 + DAY + attempt, T0 + 2 * DAY);
      assert.deepEqual([lease.id, lease.attempt], [`schedule/s1/${T0 + DAY}`, attempt]);
      await requests.fail(leaseOf(lease), T0 + DAY + attempt, 'the tables are away', false);
    }
    assert.equal((await existing(requests, `schedule/s1/${T0 + DAY}`)).state, 'failed');
  });

  scheduleTest('a schedule whose requests could not be made is refused', async (requests) => {
    const schedule = daily('s1', T0);
    for (const bad of [
      { maxAttempts: 0 },
      { maxAttempts: 1.5 },
      { id: 'a\0b' },
      { id: 'x'.repeat(280) },
      { tenant: '' },
    ]) {
      await assert.rejects(requests.putSchedule({ ...schedule, ...bad }), { code: 'USAGE' }, JSON.stringify(bad));
    }
    assert.deepEqual(await requests.schedules('acme'), []);
    assert.deepEqual(await requests.fire(T0, nextDay), []);
  });

  scheduleTest('of several schedulers that fire at once one creates the request', async (requests) => {
    for (let index = 0; index < 5; index += 1) await requests.putSchedule(daily(`s${index}`, T0 + index));
    const made = await Promise.all(Array.from({ length: 10 }, () => requests.fire(T0 + 10, nextDay)));
    const ids = made.flat().map(({ id }) => id);
    assert.deepEqual(
      ids.sort(),
      Array.from({ length: 5 }, (_, index) => `schedule/s${index}/${T0 + index}`),
    );
    assert.equal((await requests.list('acme', { limit: 100 })).length, 5);
    for (const schedule of await requests.schedules('acme')) assert.ok(schedule.nextAt >= T0 + DAY);
  });

  scheduleTest('when two saw a schedule due, the second one does not move it on', async (requests) => {
    await requests.putSchedule(daily('s1', T0));
    let other: ReturnType<Requests['fire']> | undefined;
    const made = await requests.fire(T0, (schedule) => {
      other ??= requests.fire(T0, nextDay);
      return schedule.nextAt + 2 * DAY;
    });
    const madeByOther = await other;
    assert.equal(made.length + (madeByOther?.length ?? 0), 1);
    const expected = made.length === 1 ? T0 + 2 * DAY : T0 + DAY;
    assert.equal((await requests.schedules('acme'))[0]?.nextAt, expected, 'it was moved by who fired it');
  });

  scheduleTest('a schedule that was set back does not make its old request again', async (requests) => {
    await requests.putSchedule(daily('s1', T0));
    await requests.fire(T0, nextDay);
    await requests.putSchedule(daily('s1', T0));
    assert.deepEqual(await requests.fire(T0 + 1, nextDay), []);
    assert.equal((await requests.schedules('acme'))[0]?.nextAt, T0 + DAY, 'and it moves on');
    assert.equal((await requests.list('acme', { limit: 100 })).length, 1);
  });

  scheduleTest('a schedule with an invalid next time reports it and does not delay the others', async (requests) => {
    await requests.putSchedule(daily('broken', T0));
    await requests.putSchedule(daily('fine', T0 + 1));
    const next = (schedule: Schedule): number => (schedule.id === 'broken' ? schedule.nextAt : nextDay(schedule));
    await assert.rejects(requests.fire(T0 + 2, next), { code: 'USAGE', message: /broken/ });
    assert.equal(await requests.get(`schedule/broken/${T0}`), undefined);
    assert.equal((await requests.get(`schedule/fine/${T0 + 1}`))?.state, 'waiting');
    const times = (await requests.schedules('acme')).map(({ nextAt }) => nextAt);
    assert.deepEqual(times, [T0, T0 + 1 + DAY]);
  });
}
