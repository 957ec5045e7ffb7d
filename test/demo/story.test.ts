import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { DEFAULT_TENANT, type EventDef } from '../../core/event.ts';
import type { TableDef } from '../../core/target.ts';
import { SAMPLE_KEYS, SAMPLE_RECORDS } from '../../docs/samples.ts';
import { jobs } from '../../jobs/index.ts';
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { groupProgress } from '../../schemas/rows/group-membership.ts';
import { learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { notificationFeed } from '../../schemas/rows/recipient.ts';
import { userProfile } from '../../schemas/rows/user-profile.ts';
import type { Message } from '../../sinks/channels/port.ts';
import { plain } from '../../testing/dump.ts';
import { recordsOf } from '../../testing/produce.ts';
import type { Topic } from '../../topics/define.ts';
import {
  batchEvents,
  contentEvents,
  enrollmentEvents,
  groupEvents,
  notificationEvents,
  userEvents,
} from '../../topics/index.ts';
import { figuresOf, installation, type TestInstallation } from './installation.ts';

const FILES: Record<string, Topic> = {
  user: userEvents,
  content: contentEvents,
  batch: batchEvents,
  notification: notificationEvents,
  group: groupEvents,
  enrollment: enrollmentEvents,
};

interface Line {
  readonly type: string;
  readonly id: string;
  readonly time?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The story may be produced at any time after it was written. */
const PRODUCED = Date.UTC(2027, 7, 1);

function linesOf(file: string): Line[] {
  const text = readFileSync(new URL(`../../demo/story/${file}.ndjson`, import.meta.url), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function produceStory({ stores: { transport, codec } }: TestInstallation): Promise<number> {
  let count = 0;
  for (const [file, topic] of Object.entries(FILES)) {
    for (const { type, id, time, data } of linesOf(file)) {
      const def = topic.events.find((event: EventDef) => event.type === type);
      assert.ok(def, `${topic.name} has no ${type}`);
      const checked = codec.check(def, data);
      assert.ok(checked.ok, `${file}: ${JSON.stringify(checked)}`);
      const at = { time: time === undefined ? PRODUCED : Date.parse(time), loggedAt: PRODUCED };
      const event = { topic, def, id, ...at, data: checked.value as Line['data'] };
      await transport.produce(recordsOf(codec, event, 3));
      count += 1;
    }
  }
  return count;
}

/** An installation after the demo, and the mails that it sent. */
async function afterDemo(t: TestContext) {
  const mails: Message[] = [];
  const mail = {
    repeats: 'honours-key' as const,
    async send(message: Message) {
      mails.push(message);
      return { outcome: 'sent' as const, detail: 'kept' };
    },
    async close() {},
  };
  const on = await installation(t, { channels: { mail } });
  const again = () => figuresOf(on, { presentations: ['AAA-2014J'] });
  await again();
  return { on, mails, again };
}

async function listed({ stores }: TestInstallation, table: TableDef, ...key: string[]) {
  return (await stores.tables.select(table, [DEFAULT_TENANT, ...key], { limit: 10 })).items;
}

test('the story ends with a completion that learner, batch, group, feed and mail show', async (t) => {
  const { on, mails, again } = await afterDemo(t);
  await produceStory(on);
  const { figures } = await again();
  assert.deepEqual(figures.deadLetters, {});

  const completedAt = PRODUCED;
  assert.partialDeepStrictEqual(await listed(on, learnerProgress, 'ada', 'rivers'), [
    { required: 3, completed: 3, progress: 100, state: 'completed', completedAt, courseName: 'How rivers work' },
  ]);
  assert.partialDeepStrictEqual(await listed(on, batchSummary, 'rivers-2026'), [
    { name: 'How rivers work, spring 2026', status: 'ongoing', learners: 1, ever: 1, completed: 1, meanProgress: 100 },
  ]);
  assert.partialDeepStrictEqual(await listed(on, groupProgress, 'geographers'), [
    { userId: 'ada', courseId: 'rivers', enrolled: true, progress: 100, state: 'completed', completedAt },
  ]);
  assert.partialDeepStrictEqual(await listed(on, notificationFeed, 'ada'), [
    { title: 'You have completed How rivers work', category: 'course', read: false },
  ]);
  const [profile] = await listed(on, userProfile, 'ada');
  assert.partialDeepStrictEqual(plain(profile), { name: 'Ada', consents: { rivers: { given: true } } });
  assert.deepEqual(
    mails.map(({ address, title }) => ({ address, title })),
    [{ address: 'ada@example.org', title: 'You have completed How rivers work' }],
  );
  assert.equal(figures.derived['notification.delivered'], 1);
});

test('the samples on the page of projections are the results of the story', async (t) => {
  const { on, again } = await afterDemo(t);
  await produceStory(on);
  await again();
  const caches = jobs.flatMap(({ views }) => views.map(({ into }) => into)).filter((into) => into.kind === 'cache');
  const found = await Promise.all(
    caches.map(async (cache) => {
      const entry = [DEFAULT_TENANT, ...cache.key.map((name) => SAMPLE_KEYS[name] ?? assert.fail(name))];
      return [cache.name, (await on.stores.cache.read(cache, entry))[0]];
    }),
  );
  assert.deepEqual(Object.fromEntries(found), SAMPLE_RECORDS);
});

test('producing the story twice changes nothing but the number of events', async (t) => {
  const { on, mails, again } = await afterDemo(t);
  const count = await produceStory(on);
  const { figures } = await again();
  const rows = async () => [
    await listed(on, learnerProgress, 'ada', 'rivers'),
    await listed(on, batchSummary, 'rivers-2026'),
    await listed(on, groupProgress, 'geographers'),
    await listed(on, notificationFeed, 'ada'),
  ];
  const before = await rows();
  await produceStory(on);
  const second = await again();
  assert.ok(second.timing.applied.records >= count);
  assert.deepEqual(await rows(), before);
  assert.equal(mails.length, 1);
  assert.deepEqual(second.figures.batches, figures.batches);
});

test('the README of the story names every file with its topic', () => {
  const readme = readFileSync(new URL('../../demo/story/README.md', import.meta.url), 'utf8');
  for (const [file, { name }] of Object.entries(FILES)) {
    assert.ok(readme.includes(`tributary produce ${name} demo/story/${file}.ndjson`), file);
  }
});
