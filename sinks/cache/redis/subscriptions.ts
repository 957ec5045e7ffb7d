/**
 * Live updates of many entries over one connection, which is opened by the first subscription.
 *
 * A connection that breaks, or answers no ping, is replaced; then everything is subscribed again, and what may have been missed
 * meanwhile is read from the entries and told: all their records and known removals. From then on a message that is older
 * than what was read is dropped, so that the changes of one key stay in order.
 */
import type { Redis } from 'ioredis';
import type { CacheDef } from '../../../schemas/target.ts';
import { compareVersions, type Key, type Version } from '../../port.ts';
import type { LiveUpdate } from '../port.ts';
import { type Client, pauseMs } from './client.ts';
import { newLink } from './link.ts';
import { patiently } from './patience.ts';
import { keyOf, newestOf, type Told, toldOf, versionsKey } from './request.ts';

type Listener = (update: LiveUpdate) => void;

interface Channel {
  readonly cache: CacheDef;
  readonly entry: Key;
  /** The name of the entry's hash. */
  readonly hash: string;
  readonly subscribed: Set<{ readonly listener: Listener }>;
  /** Whether Redis confirmed it on some connection, so that later ones have something to make up for. */
  isConfirmed: boolean;
  /** Whether it is being read what was missed. */
  isCatchingUp: boolean;
  /** What was told of a field while catching up; until a message shows that Redis has come as far. */
  readonly told: Map<string, Version>;
}

export interface Subscriptions {
  subscribe(channel: string, hash: string, cache: CacheDef, entry: Key, listener: Listener): Promise<() => void>;
  close(): void;
}

/** How many entries are read at once after a break. */
const READ_AT_ONCE = 100;

export function newSubscriptions(client: Client, patienceMs: number): Subscriptions {
  const channels = new Map<string, Channel>();
  const link = newLink(client.link.where);
  let connection: Redis | undefined;
  let attempts = 0;
  let again: NodeJS.Timeout | undefined;
  let isClosed = false;

  function open(): void {
    const opened = client.forSubscriber();
    connection = opened;
    const pings = setInterval(() => opened.ping().catch(() => {}), patienceMs / 2).unref();
    opened.on('error', link.failed);
    opened.on('message', (name: string, message: string) => heard(name, message));
    opened.on('ready', () => {
      restore(opened).then(
        () => {
          attempts = 0;
          if (connection === opened && opened.status === 'ready') link.up();
        },
        (error) => {
          link.failed(error);
          opened.disconnect();
        },
      );
    });
    opened.on('end', () => {
      clearInterval(pings);
      link.down();
      if (isClosed) return;
      attempts += 1;
      again = setTimeout(open, pauseMs(attempts));
    });
    opened.connect().catch(() => {});
  }

  async function restore(opened: Redis): Promise<void> {
    const names = [...channels.keys()];
    if (names.length === 0) return;
    const missed = [...channels.values()].filter(({ isConfirmed }) => isConfirmed);
    for (const channel of missed) {
      channel.isCatchingUp = true;
      channel.told.clear();
    }
    await opened.subscribe(...names);
    for (let index = 0; index < missed.length; index += READ_AT_ONCE) {
      await Promise.all(missed.slice(index, index + READ_AT_ONCE).map(catchUp));
    }
  }

  async function catchUp(channel: Channel): Promise<void> {
    const { hash, cache, told } = channel;
    const [versions, records] = await patiently(client.link, patienceMs, `reading the cache ${cache.name}`, () =>
      // In this order: a field that is written in between is told with an older version, and once more by its message.
      Promise.all([client.hash(versionsKey(hash)), client.hash(hash)]),
    );
    channel.isCatchingUp = false;
    for (const newest of newestOf(versions, records)) {
      const last = told.get(newest.field);
      if (last !== undefined && compareVersions(newest.version, last) <= 0) continue;
      told.set(newest.field, newest.version);
      tell(channel, newest);
    }
  }

  function heard(name: string, message: string): void {
    const channel = channels.get(name);
    const update = channel && toldOf(message);
    if (channel === undefined || update === undefined) return;
    const last = channel.told.get(update.field);
    if (last !== undefined && compareVersions(update.version, last) < 0) return;
    if (channel.isCatchingUp) channel.told.set(update.field, update.version);
    else channel.told.delete(update.field);
    tell(channel, update);
  }

  function leave(name: string, channel: Channel, subscription: { readonly listener: Listener }): void {
    channel.subscribed.delete(subscription);
    if (channel.subscribed.size > 0 || channels.get(name) !== channel) return;
    channels.delete(name);
    if (connection?.status === 'ready') connection.unsubscribe(name).catch(() => {});
  }

  return {
    async subscribe(name, hash, cache, entry, listener) {
      const subscription = { listener };
      const channel = channels.get(name) ?? newChannel(cache, entry, hash);
      channels.set(name, channel);
      channel.subscribed.add(subscription);
      if (connection === undefined && !isClosed) open();
      try {
        const what = `subscribing to the cache ${cache.name}`;
        await patiently(link, patienceMs, what, async () => connection?.subscribe(name));
        channel.isConfirmed = true;
      } catch (error) {
        leave(name, channel, subscription);
        throw error;
      }
      return () => leave(name, channel, subscription);
    },

    close() {
      isClosed = true;
      clearTimeout(again);
      link.close();
      channels.clear();
      connection?.disconnect();
    },
  };
}

function newChannel(cache: CacheDef, entry: Key, hash: string): Channel {
  return { cache, entry, hash, subscribed: new Set(), isConfirmed: false, isCatchingUp: false, told: new Map() };
}

function tell({ cache, entry, subscribed }: Channel, { field, record }: Told): void {
  const update = { key: keyOf(cache, entry, field), record };
  for (const subscription of [...subscribed]) {
    // Another listener may have unsubscribed it.
    if (!subscribed.has(subscription)) continue;
    try {
      subscription.listener(update);
    } catch {
      // What a listener throws is its own affair: neither the writer nor another listener answers for it.
    }
  }
}
