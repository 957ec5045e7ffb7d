/** The contract of the requests port for schedules. */
import assert from 'node:assert/strict';
import { TributaryError } from '../../core/errors.ts';
import type { NewRequest, Requests } from '../../sinks/requests/port.ts';
import type { DueSchedule, NewSchedule, Schedule } from '../../sinks/requests/schedule.ts';
import type { About } from './requests.ts';
import { all, existing, leased, newRequest, newSchedule, T0 } from './requests-samples.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The first time after T0 at which "0 6 * * *" is due. */
const SIX = Date.UTC(2026, 1, 1, 6);

function plan(schedule: DueSchedule, dueAt: number): NewRequest {
  const { id, cron, zone, catchUp, enabled, hasSecret, lastAt, nextAt, error, ...asked } = schedule;
  return { ...asked, parameters: JSON.stringify({ until: dueAt }), hash: 'of-the-caller', freshMs: 1e9 };
}

function shown({ secret, ...schedule }: NewSchedule, more: Partial<Schedule>): Schedule {
  return { ...schedule, hasSecret: false, lastAt: null, nextAt: SIX, error: null, ...more };
}

async function dueTimes(requests: Requests, tenant = 'acme'): Promise<number[]> {
  return (await all(requests, tenant)).map(({ schedule }) => schedule?.dueAt ?? 0).sort((a, b) => a - b);
}

async function only(requests: Requests): Promise<Schedule> {
  const [schedule] = await requests.schedules('acme');
  assert.ok(schedule);
  return schedule;
}

export function schedulesContract(about: About): void {
  about('schedules are kept, replaced and removed, each tenant its own', async (requests) => {
    const put = await requests.putSchedule(newSchedule('b', { cron: '30 5 * * 1', zone: 'Asia/Kolkata' }), T0);
    assert.deepEqual(
      put,
      shown(newSchedule('b', { cron: '30 5 * * 1', zone: 'Asia/Kolkata' }), { nextAt: Date.UTC(2026, 1, 2) }),
    );
    await requests.putSchedule(newSchedule('a'), T0);
    const other = newSchedule('a', { tenant: 'umbrella', report: 'grades' });
    await requests.putSchedule(other, T0);
    const replaced = newSchedule('b', {
      report: 'grades',
      parameters: '{}',
      columns: null,
      options: {},
      roles: [],
      protection: { kind: 'age', fingerprint: 'age1x' },
      catchUp: 'all',
      enabled: false,
      maxAttempts: 5,
      estimateRows: 9,
      rowLimit: 8,
    });
    await requests.putSchedule(replaced, T0);
    assert.deepEqual(await requests.schedules('acme'), [
      shown(newSchedule('a'), {}),
      shown(replaced, { nextAt: null }),
    ]);
    await requests.removeSchedule('acme', 'a');
    await requests.removeSchedule('acme', 'a');
    assert.deepEqual(await requests.schedules('acme'), [shown(replaced, { nextAt: null })]);
    assert.deepEqual(await requests.schedules('umbrella'), [shown(other, {})], 'another tenant has the same id');
  });

  about('a schedule fires when it is due, and moves on', async (requests) => {
    await requests.putSchedule(newSchedule('s1', { maxAttempts: 7, secret: 'sealed' }), T0);
    await requests.putSchedule(newSchedule('later', { cron: '1 6 * * *' }), T0);
    await requests.putSchedule(newSchedule('off', { enabled: false }), T0);
    assert.deepEqual(await requests.fire(SIX - 1, plan), { requests: [], disabled: [] });
    const { requests: made, disabled } = await requests.fire(SIX, plan);
    assert.deepEqual([made.length, disabled], [1, []]);
    const [request] = made;
    assert.ok(request);
    assert.deepEqual(await requests.get('acme', request.id), request);
    const { state, createdAt, parameters, schedule, requestedBy, maxAttempts, options } = request;
    assert.deepEqual(
      { state, createdAt, parameters, schedule, requestedBy, maxAttempts, options },
      {
        state: 'waiting',
        createdAt: SIX,
        parameters: `{"until":${SIX}}`,
        schedule: { id: 's1', dueAt: SIX },
        requestedBy: 'eve',
        maxAttempts: 7,
        options: { delimiter: ';' },
      },
    );
    assert.deepEqual(await requests.askers('acme', request.id), [{ user: 'eve', at: SIX }]);
    const times = (await requests.schedules('acme')).map(({ id, lastAt, nextAt }) => [id, lastAt, nextAt]);
    assert.deepEqual(times, [
      ['later', null, SIX + MINUTE],
      ['off', null, null],
      ['s1', SIX, SIX + DAY],
    ]);
    assert.deepEqual(await requests.fire(SIX, plan), { requests: [], disabled: [] }, 'it does not fire twice');
    const lease = await leased(requests, 'ada', SIX + 1, SIX + 100);
    assert.deepEqual([lease.id, lease.secret], [request.id, 'sealed']);
  });

  about('a request of a schedule is its own, although a fresh result of the same hash is there', async (requests) => {
    const { request: byUser } = await requests.ask(newRequest('of-the-caller'), SIX - 1);
    await requests.putSchedule(newSchedule('s1'), T0);
    const [request] = (await requests.fire(SIX, plan)).requests;
    assert.notEqual(request?.id, byUser.id);
    assert.equal((await all(requests)).length, 2);
  });

  about('a secret is shown to nobody, and kept when a schedule is replaced without one', async (requests) => {
    const secrets: (string | null)[] = [];
    const spy = (schedule: DueSchedule, dueAt: number): NewRequest => {
      secrets.push(schedule.secret);
      return plan(schedule, dueAt);
    };
    for (const [at, secret, hasSecret] of [
      [0, 'sealed', true],
      [1, undefined, true],
      [2, null, false],
      [3, undefined, false],
    ] as const) {
      await requests.putSchedule(newSchedule('s1', { secret }), SIX - DAY + at * DAY);
      const schedule = await only(requests);
      assert.equal(schedule.hasSecret, hasSecret);
      assert.ok(!('secret' in schedule));
      await requests.fire(SIX + at * DAY, spy);
    }
    assert.deepEqual(secrets, ['sealed', 'sealed', null, null]);
  });

  about('a replaced schedule keeps its due time unless that changed', async (requests) => {
    await requests.putSchedule(newSchedule('s1'), T0);
    const nextAt = async (changes: Partial<NewSchedule>, now: number): Promise<number | null> =>
      (await requests.putSchedule(newSchedule('s1', changes), now)).nextAt;
    assert.equal(await nextAt({ report: 'grades' }, SIX + HOUR), SIX, 'it was missed, and is still due');
    assert.equal(await nextAt({ cron: '0 7 * * *' }, SIX + HOUR), SIX + DAY + HOUR);
    assert.equal(await nextAt({ cron: '0 7 * * *', zone: 'Asia/Kathmandu' }, SIX), SIX + DAY - 4 * HOUR - 45 * MINUTE);
    assert.equal(await nextAt({ enabled: false }, SIX), null);
    assert.equal(await nextAt({}, SIX + HOUR), SIX + DAY, 'what was due while it was disabled is not made up for');
  });

  about('a schedule that could never fire is refused, with all that is wrong with it', async (requests) => {
    for (const [bad, problem] of [
      [{ id: '' }, /id of a schedule/],
      [{ id: 'a\0b' }, /id of a schedule/],
      [{ tenant: '' }, /tenant/],
      [{ maxAttempts: 0 }, /attempts/],
      [{ cron: '61 * * * *' }, /minute: 61/],
      [{ cron: '0 0 31 2 *' }, /never due/],
      [{ cron: '0 6 * *' }, /five fields/],
      [{ zone: 'Mars/Base' }, /time zone "Mars\/Base"/],
      [{ cron: 'x', zone: 'y', maxAttempts: 0 }, /time zone "y".*five fields.*attempts/],
      [{ secret: 'a\0b' }, /seal it as text/],
    ] as const) {
      const put = requests.putSchedule(newSchedule('s1', bad), T0);
      await assert.rejects(put, { code: 'USAGE', message: problem }, JSON.stringify(bad));
    }
    assert.deepEqual(await requests.schedules('acme'), []);
    assert.deepEqual(await requests.fire(SIX, plan), { requests: [], disabled: [] });
  });

  about('of several schedulers that fire at once one makes the request of each due time', async (requests) => {
    for (let index = 0; index < 5; index += 1) {
      await requests.putSchedule(newSchedule(`s${index}`, { cron: `${index * 10} * * * *`, catchUp: 'all' }), T0);
    }
    const fired = await Promise.all(Array.from({ length: 10 }, () => requests.fire(T0 + 2 * HOUR + MINUTE, plan)));
    const made = fired.flatMap(({ requests: each }) =>
      each.map(({ schedule }) => `${schedule?.id} ${schedule?.dueAt}`),
    );
    assert.equal(new Set(made).size, made.length, 'none is made twice');
    assert.equal(made.length, 5 * 2, 'each is made');
    assert.equal((await all(requests)).length, 10);
    for (const { lastAt, nextAt } of await requests.schedules('acme')) {
      assert.ok(lastAt !== null && nextAt !== null && nextAt > T0 + 2 * HOUR && lastAt <= T0 + 2 * HOUR + MINUTE);
    }
  });

  about('of two that saw a schedule due, the second one neither fires nor moves it', async (requests) => {
    await requests.putSchedule(newSchedule('s1'), T0);
    let other: ReturnType<Requests['fire']> | undefined;
    const one = await requests.fire(SIX, (schedule, dueAt) => {
      other ??= requests.fire(SIX + DAY, plan);
      return plan(schedule, dueAt);
    });
    const made = [...one.requests, ...((await other)?.requests ?? [])];
    // If the other call began after the first had ended, both due times were fired, each once.
    const times = made.map(({ schedule }) => schedule?.dueAt ?? 0).sort((a, b) => a - b);
    const { lastAt, nextAt } = await only(requests);
    assert.deepEqual(await dueTimes(requests), times);
    assert.equal(lastAt, times.at(-1));
    assert.equal(nextAt, (lastAt ?? 0) + DAY);
  });

  about('schedules of two tenants with one id make a request each', async (requests) => {
    for (const tenant of ['acme', 'umbrella']) await requests.putSchedule(newSchedule('s1', { tenant }), T0);
    const { requests: made } = await requests.fire(SIX, plan);
    assert.deepEqual(
      made.map(({ tenant, generation }) => [tenant, generation]),
      [
        ['acme', 1],
        ['umbrella', 1],
      ],
    );
  });

  for (const [catchUp, expected] of [
    ['none', []],
    ['latest', [SIX + 2 * DAY]],
    ['all', [SIX, SIX + DAY, SIX + 2 * DAY]],
  ] as const) {
    about(`due times that were missed for days are made up for with "${catchUp}"`, async (requests) => {
      await requests.putSchedule(newSchedule('s1', { catchUp }), T0);
      await requests.fire(SIX + 2 * DAY + HOUR, plan);
      assert.deepEqual(await dueTimes(requests), expected);
      const { lastAt, nextAt } = await only(requests);
      assert.deepEqual([lastAt, nextAt], [expected.at(-1) ?? null, SIX + 3 * DAY]);
      assert.deepEqual((await requests.fire(SIX + 2 * DAY + HOUR, plan)).requests, []);
    });
  }

  about('a due time a quarter of an hour ago was not missed', async (requests) => {
    await requests.putSchedule(newSchedule('s1', { catchUp: 'none' }), T0);
    await requests.fire(SIX + 15 * MINUTE, plan);
    assert.deepEqual(await dueTimes(requests), [SIX]);
    await requests.fire(SIX + DAY + 15 * MINUTE + 1, plan);
    assert.deepEqual(await dueTimes(requests), [SIX]);
    assert.equal((await only(requests)).nextAt, SIX + 2 * DAY);
  });

  about('of very many due times that were missed the latest hundred are made up for', async (requests) => {
    await requests.putSchedule(newSchedule('s1', { catchUp: 'all', cron: '* * * * *' }), T0);
    await requests.fire(T0 + 30 * DAY, plan);
    const times = await dueTimes(requests);
    assert.deepEqual([times.length, times[0], times.at(-1)], [100, T0 + 30 * DAY - 99 * MINUTE, T0 + 30 * DAY]);
  });

  about(
    'a schedule that became invalid is disabled with its error, and does not hold up the others',
    async (requests) => {
      for (const id of ['broken', 'fine', 'other']) await requests.putSchedule(newSchedule(id), T0);
      const picky = (schedule: DueSchedule, dueAt: number): NewRequest => {
        if (schedule.id === 'broken') throw new TributaryError('NOT_FOUND', 'the report "progress" is gone');
        if (schedule.id === 'other') return { ...plan(schedule, dueAt), tenant: 'umbrella' };
        return plan(schedule, dueAt);
      };
      const { requests: made, disabled } = await requests.fire(SIX, picky);
      assert.deepEqual(
        made.map(({ schedule }) => schedule?.id),
        ['fine'],
      );
      assert.deepEqual(
        disabled.map(({ id }) => id),
        ['broken', 'other'],
      );
      const [broken, fine] = await requests.schedules('acme');
      assert.deepEqual(broken, disabled[0]);
      assert.deepEqual(
        [broken?.enabled, broken?.nextAt, broken?.error],
        [false, null, { code: 'NOT_FOUND', message: 'the report "progress" is gone' }],
      );
      assert.equal(fine?.nextAt, SIX + DAY);
      assert.deepEqual(await requests.fire(SIX, picky), { requests: [], disabled: [] });
      const mended = await requests.putSchedule(newSchedule('broken'), SIX + 1);
      assert.deepEqual([mended.enabled, mended.nextAt, mended.error], [true, SIX + DAY, null]);
    },
  );

  about(
    'a schedule that cannot be planned for now stays due, and the error is thrown after the others',
    async (requests) => {
      for (const id of ['away', 'bug', 'fine']) await requests.putSchedule(newSchedule(id), T0);
      const away = (schedule: DueSchedule, dueAt: number): NewRequest => {
        if (schedule.id === 'away') throw new TributaryError('TABLES_AWAY', 'the tables are away');
        if (schedule.id === 'bug') throw new TypeError('a bug');
        return plan(schedule, dueAt);
      };
      await assert.rejects(requests.fire(SIX, away), { code: 'TABLES_AWAY' });
      assert.deepEqual(
        (await requests.schedules('acme')).map(({ id, enabled, nextAt }) => [id, enabled, nextAt]),
        [
          ['away', true, SIX],
          ['bug', true, SIX],
          ['fine', true, SIX + DAY],
        ],
      );
      assert.equal((await requests.fire(SIX + MINUTE, plan)).requests.length, 2);
    },
  );

  about('a schedule that is removed leaves its requests', async (requests) => {
    await requests.putSchedule(newSchedule('s1'), T0);
    const [request] = (await requests.fire(SIX, plan)).requests;
    await requests.removeSchedule('acme', 's1');
    assert.equal((await existing(requests, request?.id ?? '')).state, 'waiting');
    await requests.putSchedule(newSchedule('s1'), SIX - 1);
    assert.deepEqual((await requests.fire(SIX, plan)).requests, [], 'a due time makes one request');
    assert.equal((await only(requests)).nextAt, SIX + DAY);
  });
}

/** For stores that execute their calls in order. */
export async function firesAsItIsNow(requests: Requests): Promise<void> {
  await requests.putSchedule(newSchedule('s1'), T0);
  let replaced: Promise<unknown> | undefined;
  const first = await requests.fire(SIX, (schedule, dueAt) => {
    replaced ??= requests.putSchedule(newSchedule('s1', { report: 'grades' }), SIX);
    return plan(schedule, dueAt);
  });
  await replaced;
  const second = await requests.fire(SIX, plan);
  const reports = [first, second].map((fired) => fired.requests.map(({ report }) => report));
  assert.deepEqual(reports, [[], ['grades']]);
}
