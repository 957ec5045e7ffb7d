import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transport } from '../../topics/log/transport.ts';
import { rejectedEvents, replayedBy, sentAgain, withTransport } from '../harness/at-once.ts';
import { list, REPLAY } from './dead-letters.ts';
import { command, wired } from './in-process.ts';

const COUNT = 250;

test('of two processes that replay the same letters at once, each letter is sent once', async (t) => {
  const one = await wired(t);
  const ids = await rejectedEvents(one, COUNT);
  const other = withTransport(one, { ...one.stores.transport });
  const answers = await replayedBy([one, other]);
  assert.deepEqual(new Set(await sentAgain(one)).size, COUNT);
  assert.equal((await sentAgain(one)).length, COUNT);
  const replayed = answers.flatMap((each) => each.replayed.map(({ id }) => id));
  assert.deepEqual(replayed.toSorted(), ids.toSorted(), 'each is claimed by one of them');
  assert.deepEqual(await list(one), []);
});

/** The same log for another process. Just before that process sends for the first time, `something` happens. */
function beforeSending(transport: Transport, something: () => Promise<unknown>): Transport {
  let isDone = false;
  return {
    ...transport,
    async exclusive(...args) {
      const exclusive = await transport.exclusive(...args);
      return {
        async produce(records) {
          if (!isDone) {
            isDone = true;
            await something();
          }
          return exclusive.produce(records);
        },
      };
    },
  };
}

for (const again of [false, true]) {
  const which = again ? 'that were resolved before' : 'that are open';
  test(`letters ${which} and that somebody replays while another chooses them are left to that one`, async (t) => {
    const one = await wired(t);
    const [first, second] = await rejectedEvents(one, 2);
    if (again) await command(one, 'dead-letters discard', { ...REPLAY, all: true });
    const replay = { ...REPLAY, again, by: 'hopper' };
    const slow = withTransport(
      one,
      beforeSending(one.stores.transport, () => command(one, 'dead-letters replay', { ...replay, ids: [first] })),
    );
    const { stdout, code } = await command(slow, 'dead-letters replay', { ...REPLAY, again, all: true });
    const job = 'track-progress';
    assert.deepEqual(JSON.parse(stdout), {
      dryRun: false,
      replayed: [{ id: second, job }],
      left: [{ id: first, job, why: 'it was replayed meanwhile by hopper' }],
    });
    assert.equal(code, 1);
    assert.deepEqual(await sentAgain(one), ['rejected-0', 'rejected-1']);
  });
}

test('a dry run takes the turn from nobody', async (t) => {
  const one = await wired(t);
  const [id] = await rejectedEvents(one, 1);
  const dry = () => command(one, 'dead-letters replay', { ...REPLAY, all: true, dryRun: true });
  const other = withTransport(one, beforeSending({ ...one.stores.transport }, dry));
  const { stdout } = await command(other, 'dead-letters replay', { ...REPLAY, all: true });
  assert.deepEqual(JSON.parse(stdout).replayed, [{ id, job: 'track-progress' }]);
});

test('somebody whose turn is taken again and again gives up, having sent nothing', async (t) => {
  const one = await wired(t);
  await rejectedEvents(one, 1);
  const { transport } = one.stores;
  const robbed: Transport = {
    ...transport,
    async exclusive(name, topics) {
      const exclusive = await transport.exclusive(name, topics);
      await transport.exclusive(name, topics);
      return exclusive;
    },
  };
  t.mock.method(Math, 'random', () => 0);
  const { code, stderr } = await command(withTransport(one, robbed), 'dead-letters replay', { ...REPLAY, all: true });
  assert.equal(code, 1);
  assert.match(stderr, /others keep resolving dead letters at the same time/);
  assert.deepEqual(await sentAgain(one), []);
});
