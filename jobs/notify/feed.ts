/** The feed of a recipient, and what of it was read. */
import { newest, type Recipient, withoutMore } from './waiting.ts';

type Feed = Recipient['feed'];

const FEED_SIZE = 100;

/** The recipient with the newest of the feed. */
export function withFeed(row: Recipient, all: Feed): Recipient {
  const feed = newest(all, FEED_SIZE);
  return { ...row, feed, unread: [...feed.values()].filter(({ read }) => !read).length };
}

/** What is in the feed, and not newer. */
export function seenBy(feed: Feed, time: number): string[] {
  return [...feed].filter(([, item]) => item.time <= time).map(([id]) => id);
}

/** The recipient with these read: what waits of them is not wanted any more. */
export function withRead(row: Recipient, ids: readonly string[]): Recipient {
  let { feed, held, collected } = row;
  for (const id of ids) {
    const item = feed.get(id);
    if (item !== undefined && !item.read) feed = feed.set(id, { ...item, read: true });
    held = held.delete(id);
    collected = collected.delete(id);
  }
  if (feed === row.feed && held === row.held && collected === row.collected) return row;
  return withFeed(withoutMore({ ...row, held, collected }), feed);
}

/** Whether nobody has asked for it yet, as far as is known. */
export function isUnknown({ feed, held, collected, recent, readAhead }: Recipient, id: string): boolean {
  return ![feed, held, collected].some((all) => all.has(id)) && ![...recent, ...readAhead].includes(id);
}
