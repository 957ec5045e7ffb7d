/** The contract of the channels port: see `sinks/channels/port.ts`. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Answer, Channel, Message } from '../../sinks/channels/port.ts';

/** A received message, as the receiver's program shows it. */
export interface Received {
  /** All addresses that it was delivered to. */
  readonly addresses: readonly string[];
  readonly title: string;
  /** The body and the link, with "\n" at the end of each line. */
  readonly text: string;
}

export interface ChannelUnderTest {
  readonly channel: Channel;
  /** An address that the channel can reach. */
  readonly address: string;
  /** Addresses that it can never reach. */
  readonly impossible: readonly string[];
  /** All messages received so far, in any order. */
  received(): Promise<Received[]>;
  /** Makes the channel unreachable until the returned function is called. */
  interrupt(): Promise<() => Promise<void>>;
}

/** `make` returns a separate channel for every test, through which nothing was sent. */
export function channelsContract(name: string, make: (t: TestContext) => Promise<ChannelUnderTest>): void {
  const channelTest = (title: string, body: (under: ChannelUnderTest) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t)));
  };

  channelTest('a message arrives with its title, its text and its link', async ({ channel, address, received }) => {
    const answer = await channel.send(message(address, {}));
    assert.equal(answer.outcome, 'sent', answer.detail);
    assert.ok(answer.detail.length > 0, 'the channel says something for people');
    assert.deepEqual(await received(), [
      {
        addresses: [address],
        title: 'Your exam is tomorrow',
        text: 'Room 4, nine o’clock.\n\nhttps://learn.example.org/exams/1?a=b&c=d\n',
      },
    ]);
  });

  channelTest('umlauts, emoji and other scripts arrive as they were sent', async ({ channel, address, received }) => {
    const title = 'Prüfung bestanden 🎓👩🏽‍🎓 Поздравляем おめでとう =?utf-8?q?x?= "quoted" <b>';
    const body = 'Grüße 🎉, naïve ﷽\n\n  indented\n.\nFrom here on = 100 %\n-- \n日本語';
    assert.equal((await channel.send(message(address, { title, body, link: null }))).outcome, 'sent');
    assert.deepEqual(await received(), [{ addresses: [address], title, text: `${body}\n` }]);
  });

  channelTest('long lines and long texts arrive whole', async ({ channel, address, received }) => {
    const body = `${'word '.repeat(2000)}end\n${'x'.repeat(5000)}\n${'ü🎓'.repeat(1000)}\n${'line\n'.repeat(3000)}last`;
    const link = `https://learn.example.org/${'a'.repeat(1500)}`;
    assert.equal((await channel.send(message(address, { body, link }))).outcome, 'sent');
    assert.equal((await received())[0]?.text, `${body}\n\n${link}\n`);
  });

  channelTest('a title of any length is one line', async ({ channel, address, received }) => {
    const title = `${'ä'.repeat(150)} and ${'b'.repeat(3000)}`;
    assert.equal((await channel.send(message(address, { title }))).outcome, 'sent');
    const arrived = (await received())[0]?.title ?? '';
    assert.ok(arrived.startsWith(`${'ä'.repeat(150)} and bbb`), arrived);
    assert.doesNotMatch(arrived, /[\r\n]/);
  });

  channelTest('a message without text arrives', async ({ channel, address, received }) => {
    assert.equal((await channel.send(message(address, { body: '', link: null }))).outcome, 'sent');
    assert.deepEqual(await received(), [{ addresses: [address], title: 'Your exam is tomorrow', text: '' }]);
  });

  for (const breakOff of ['\r\n', '\n', '\r', '\r\n\r\n', '\u2028', '\0\n', '\v', '\u0085']) {
    const shown = JSON.stringify(breakOff);
    channelTest(`a title with ${shown} adds no header, recipient or text`, async ({ channel, address, received }) => {
      const title = `Hello${breakOff}Bcc: mallory@example.org${breakOff}Content-Type: text/html${breakOff}<b>`;
      assert.equal((await channel.send(message(address, { title }))).outcome, 'sent');
      assert.deepEqual(await received(), [
        {
          addresses: [address],
          title: 'Hello Bcc: mallory@example.org Content-Type: text/html <b>',
          text: 'Room 4, nine o’clock.\n\nhttps://learn.example.org/exams/1?a=b&c=d\n',
        },
      ]);
    });
  }

  channelTest(
    'text that is not valid Unicode is sent as far as it is valid',
    async ({ channel, address, received }) => {
      assert.equal(
        (await channel.send(message(address, { title: 'a\ud800b', body: 'c\udc00d', link: null }))).outcome,
        'sent',
      );
      assert.deepEqual(await received(), [{ addresses: [address], title: 'a\ufffdb', text: 'c\ufffdd\n' }]);
    },
  );

  channelTest(
    'an impossible address is refused, and nothing is delivered',
    async ({ channel, impossible, received }) => {
      assert.ok(impossible.length > 0);
      for (const address of impossible) {
        const answer = await channel.send(message(address, {}));
        assert.equal(answer.outcome, 'refused', JSON.stringify(address));
        assert.ok(answer.detail.length > 0);
      }
      assert.deepEqual(await received(), []);
    },
  );

  channelTest('messages with different keys are different messages', async ({ channel, address, received }) => {
    for (const key of ['a', 'b', 'a/b', 'A', 'x'.repeat(2000), '../../a', '~ !"#$%&()*+,:;<=>?@[]^_`{|}']) {
      assert.equal((await channel.send(message(address, { key }))).outcome, 'sent', key);
    }
    assert.equal((await received()).length, 7);
  });

  channelTest('a channel that was away delivers when it is back', async ({ channel, address, received, interrupt }) => {
    const restore = await interrupt();
    const answer = await channel.send(message(address, {}));
    assert.equal(answer.outcome, 'away');
    assert.ok(answer.detail.length > 0);
    await restore();
    assert.deepEqual(await received(), []);
    assert.equal((await channel.send(message(address, {}))).outcome, 'sent');
    assert.equal((await received()).length, 1);
  });

  test(`${name}: the same key delivers one message, if the channel declares that`, async (t) => {
    const { channel, address, received } = await make(t);
    if (channel.repeats !== 'honours-key') return t.skip(`it says ${channel.repeats}`);
    assert.equal((await channel.send(message(address, {}))).outcome, 'sent');
    assert.equal((await channel.send(message(address, {}))).outcome, 'sent');
    assert.equal((await received()).length, 1);
    const key = 'another';
    const answers = await Promise.all(Array.from({ length: 10 }, () => channel.send(message(address, { key }))));
    assert.deepEqual(new Set(answers.map(({ outcome }: Answer) => outcome)), new Set(['sent']));
    assert.equal((await received()).length, 2);
  });
}

export function message(address: string, change: Partial<Message>): Message {
  return {
    key: 'notification/learner-1/exam-reminder-1/mail',
    address,
    title: 'Your exam is tomorrow',
    body: 'Room 4, nine o’clock.',
    link: 'https://learn.example.org/exams/1?a=b&c=d',
    time: Date.UTC(2026, 2, 29, 1, 30),
    sentAt: Date.UTC(2026, 3, 1, 8),
    ...change,
  };
}
