import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pace, sendAtPace } from '../../cli/commands/load/pace.ts';

/** Ten events a second, on a clock that moves only with sleeping and sending. */
function ten() {
  let now = 5000;
  const end = new AbortController();
  const pace: Pace = {
    clock: {
      elapsed: () => now,
      sleep: async (ms) => {
        now += ms;
      },
    },
    from: 0,
    until: 1000,
    dueBy: (ms) => Math.floor(ms / 100) + 1,
    timeOf: (n) => n * 100,
    atOnce: 50,
    end: end.signal,
  };
  return {
    pace,
    end,
    passed: () => now - 5000,
    spend: (ms: number) => {
      now += ms;
    },
  };
}

test('each event is sent when it is due', async () => {
  const { pace, passed } = ten();
  let sent = 0;
  const next = await sendAtPace({ ...pace, until: 30 }, async (count) => {
    assert.equal(sent + count, Math.floor(passed() / 100) + 1);
    sent += count;
    return true;
  });
  assert.deepEqual([next, sent, passed()], [30, 30, 2900]);
});

test('a log that is slow for a while delays nothing that comes later', async () => {
  const { pace, passed, spend } = ten();
  let sent = 0;
  await sendAtPace(pace, async (count) => {
    assert.ok(count <= pace.atOnce);
    if (sent === 20) spend(30_000);
    sent += count;
    return true;
  });
  assert.deepEqual([sent, passed()], [1000, 99_900], 'the last event is sent at its time');
});

test('what an earlier run sent is neither sent nor waited for', async () => {
  const { pace, passed } = ten();
  let sent = 0;
  await sendAtPace({ ...pace, from: 990 }, async (count) => {
    sent += count;
    return true;
  });
  assert.deepEqual([sent, passed()], [10, 900]);
});

test('it ends when it is told to, and says which event is next', async () => {
  const { pace, end } = ten();
  let sent = 0;
  const next = await sendAtPace(pace, async (count) => {
    sent += count;
    if (sent >= 7) end.abort();
    return true;
  });
  assert.deepEqual([next, sent], [7, 7]);
});

test('what was not acknowledged is next', async () => {
  const { pace } = ten();
  let calls = 0;
  const next = await sendAtPace(pace, async () => {
    calls += 1;
    return calls < 4;
  });
  assert.deepEqual([next, calls], [3, 4]);
});
