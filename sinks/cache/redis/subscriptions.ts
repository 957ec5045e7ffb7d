/**
 * Live updates of many entries. Each entry is received from the node that serves it, with one connection for each such node.
 *
 * A node delivers its messages to its own subscribers as long as they are connected. In a cluster it also passes them to other nodes, but
 * not while one of them seems to be down. So if an entry's slot has moved, the entry is subscribed at its new node. Changes that may have
 * been missed meanwhile are delivered as after a break.
 */
import type { CacheDef } from '../../../core/target.ts';
import type { Key } from '../../port.ts';
import type { LiveUpdate } from '../port.ts';
import type { Client } from './client.ts';
import { type Channel, type Feed, newFeed } from './feed.ts';
import { newLink } from './link.ts';

export interface Subscriptions {
  subscribe(entry: Subscribed, listener: (update: LiveUpdate) => void): Promise<() => void>;
  close(): void;
}

/** An entry of a cache, with the names of its channel and its hash in Redis. */
export interface Subscribed {
  readonly name: string;
  readonly hash: string;
  readonly cache: CacheDef;
  readonly entry: Key;
}

export function newSubscriptions(client: Client, patienceMs: number): Subscriptions {
  const channels = new Map<string, Channel>();
  const feeds = new Map<string, Feed>();
  let isClosed = false;

  function feedOf({ home }: Channel): Feed {
    const feed = feeds.get(home) ?? newFeed(client, home, patienceMs);
    feeds.set(home, feed);
    return feed;
  }

  function moved(): void {
    const away = [...channels.values()].filter(({ hash, home }) => client.homeOf(hash) !== home);
    for (const channel of away) {
      feedOf(channel).remove(channel);
      channel.link.down();
      channel.home = client.homeOf(channel.hash);
    }
    for (const [feed, some] of Map.groupBy(away, feedOf)) feed.add(some);
  }

  function leave(channel: Channel, subscription: { readonly listener: (update: LiveUpdate) => void }): void {
    channel.subscribed.delete(subscription);
    if (channel.subscribed.size > 0 || channels.get(channel.name) !== channel) return;
    channels.delete(channel.name);
    feedOf(channel).remove(channel);
  }

  client.onMoved(moved);

  return {
    async subscribe(subscribed, listener) {
      const { name } = subscribed;
      const what = `subscribing to the cache ${subscribed.cache.name}`;
      const deadline = performance.now() + patienceMs;
      // Once the client is connected, the node of the entry is known.
      await client.link.ready(what, deadline);
      const subscription = { listener };
      const known = channels.get(name);
      const channel = known ?? newChannel(client, subscribed);
      channel.subscribed.add(subscription);
      if (known === undefined) {
        channels.set(name, channel);
        // The subscription may have been closed during the wait.
        if (isClosed) channel.link.close();
        else feedOf(channel).add([channel]);
      }
      try {
        await channel.link.ready(what, deadline);
      } catch (error) {
        leave(channel, subscription);
        throw error;
      }
      return () => leave(channel, subscription);
    },

    close() {
      isClosed = true;
      for (const { link } of channels.values()) link.close();
      for (const feed of feeds.values()) feed.close();
      channels.clear();
    },
  };
}

function newChannel(client: Client, { name, hash, cache, entry }: Subscribed): Channel {
  return {
    name,
    cache,
    entry,
    hash,
    subscribed: new Set(),
    link: newLink(client.link.where),
    home: client.homeOf(hash),
    wasSubscribed: false,
    isCatchingUp: false,
    delivered: new Map(),
  };
}
