/**
 * One connection that receives the live updates of many entries.
 *
 * A connection that breaks, or does not answer a ping, is replaced. Then all entries are subscribed again. Changes that
 * may have been missed are read from the entries and delivered: all their records and known removals. From then on,
 * messages older than what was read are dropped, so that the changes of one key stay in order.
 */
import type { Redis } from 'ioredis';
import type { CacheDef } from '../../../core/target.ts';
import { compareVersions, type Key, type Version } from '../../port.ts';
import type { LiveUpdate } from '../port.ts';
import { type Client, pauseMs } from './client.ts';
import type { Link } from './link.ts';
import { withRetries } from './patience.ts';
import { keyOf, newestOf, type PublishedChange, publishedChangeOf, versionsKey } from './request.ts';

export interface Channel {
  readonly name: string;
  readonly cache: CacheDef;
  readonly entry: Key;
  /** The name of the entry's hash. */
  readonly hash: string;
  readonly subscribed: Set<{ readonly listener: (update: LiveUpdate) => void }>;
  /** Up while the channel is subscribed. */
  readonly link: Link;
  /** The node whose feed has the channel. */
  home: string;
  /** Whether the channel was subscribed before, so that changes may have been missed before the next connection. */
  wasSubscribed: boolean;
  /** Whether missed changes are being read. */
  isCatchingUp: boolean;
  /** The versions that were delivered while catching up, by field. Each is kept until a message shows that Redis has come as far. */
  delivered: Map<string, Version>;
}

export interface Feed {
  /** Subscribes to the channels, and again after every break until they are removed. */
  add(channels: readonly Channel[]): void;
  remove(channel: Channel): void;
  close(): void;
}

/** The number of entries that are read at once after a break. */
const READ_AT_ONCE = 100;

/** `home` as `Client.homeOf` returns it. Connects when the first channel is added. */
export function newFeed(client: Client, home: string, patienceMs: number): Feed {
  const channels = new Map<string, Channel>();
  let connection: Redis | undefined;
  let again: NodeJS.Timeout | undefined;
  let attempts = 0;

  function open(): void {
    again = undefined;
    if (channels.size === 0) return;
    const opened = client.forSubscriber(home);
    connection = opened;
    const pings = setInterval(() => opened.ping().catch(() => {}), patienceMs / 2).unref();
    opened.on('error', failed);
    opened.on('message', received);
    opened.on('ready', () => subscribeAll(opened, [...channels.values()]));
    opened.on('end', () => {
      clearInterval(pings);
      connection = undefined;
      if (channels.size === 0) return;
      for (const { link } of channels.values()) link.down();
      attempts += 1;
      again = setTimeout(open, pauseMs(attempts));
    });
    opened.connect().catch(() => {});
  }

  function failed(error: unknown): void {
    for (const { link } of channels.values()) link.failed(error);
  }

  function subscribeAll(opened: Redis, some: readonly Channel[]): void {
    subscribe(opened, some).then(
      () => (attempts = 0),
      (error) => {
        // The error of a broken connection was reported already, and is more useful.
        if (opened.status === 'ready') failed(error);
        opened.disconnect();
      },
    );
  }

  async function subscribe(opened: Redis, some: readonly Channel[]): Promise<void> {
    if (some.length === 0) return;
    const missed = some.filter(({ wasSubscribed }) => wasSubscribed);
    for (const channel of missed) {
      channel.isCatchingUp = true;
      channel.delivered = new Map();
    }
    await opened.subscribe(...some.map(({ name }) => name));
    for (const channel of some) {
      if (channels.get(channel.name) !== channel || opened.status !== 'ready') continue;
      channel.wasSubscribed = true;
      channel.link.up();
    }
    for (let index = 0; index < missed.length; index += READ_AT_ONCE) {
      await Promise.all(missed.slice(index, index + READ_AT_ONCE).map(catchUp));
    }
  }

  async function catchUp(channel: Channel): Promise<void> {
    const { hash, cache, delivered } = channel;
    const [versions, records] = await withRetries(client.link, patienceMs, `reading the cache ${cache.name}`, () =>
      // In this order: a field that is written in between is delivered with its older version, and then again by its message.
      Promise.all([client.hash(versionsKey(hash)), client.hash(hash)]),
    );
    // After another break, everything is read again.
    if (channel.delivered !== delivered) return;
    channel.isCatchingUp = false;
    for (const newest of newestOf(versions, records)) {
      const last = delivered.get(newest.field);
      if (last !== undefined && compareVersions(newest.version, last) <= 0) continue;
      delivered.set(newest.field, newest.version);
      notify(channel, newest);
    }
  }

  function received(name: string, message: string): void {
    const channel = channels.get(name);
    const update = channel && publishedChangeOf(message);
    if (channel === undefined || update === undefined) return;
    const last = channel.delivered.get(update.field);
    if (last !== undefined && compareVersions(update.version, last) < 0) return;
    if (channel.isCatchingUp) channel.delivered.set(update.field, update.version);
    else channel.delivered.delete(update.field);
    notify(channel, update);
  }

  return {
    add(added) {
      for (const channel of added) channels.set(channel.name, channel);
      if (connection?.status === 'ready') subscribeAll(connection, added);
      else if (connection === undefined && again === undefined) open();
    },

    remove({ name }) {
      channels.delete(name);
      if (connection?.status === 'ready') connection.unsubscribe(name).catch(() => {});
    },

    close() {
      channels.clear();
      connection?.disconnect();
      clearTimeout(again);
    },
  };
}

function notify({ cache, entry, subscribed }: Channel, { field, record }: PublishedChange): void {
  const update = { key: keyOf(cache, entry, field), record };
  for (const subscription of [...subscribed]) {
    // Another listener may have unsubscribed this one.
    if (!subscribed.has(subscription)) continue;
    try {
      subscription.listener(update);
    } catch {
      // Errors of a listener are ignored: neither the writer nor other listeners are affected.
    }
  }
}
