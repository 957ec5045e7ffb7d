/** The feed of a recipient, and which of its items were read. */
import { newest, type Recipient, withoutMore } from './waiting.ts';

type Feed = Recipient['feed'];

const FEED_SIZE = 100;

/** The recipient with the newest items as the feed. */
export function withFeed(row: Recipient, all: Feed): Recipient {
  const feed = newest(all, FEED_SIZE);
  return { ...row, feed, unread: [...feed.values()].filter(({ read }) => !read).length };
}

/** The ids of the items in the feed that are not newer than `time`. */
export function seenBy(feed: Feed, time: number): string[] {
  return [...feed].filter(([, item]) => item.time <= time).map(([id]) => id);
}

/** The recipient with these notifications marked as read. Those of them that wait to be sent are dropped. */
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

/** Whether, as far as is known, the notification was not requested yet. */
export function isUnknown({ feed, held, collected, recent, readAhead }: Recipient, id: string): boolean {
  return ![feed, held, collected].some((all) => all.has(id)) && ![...recent, ...readAhead].includes(id);
}
