/** Messages of the outbox, which are files of this machine. Messages that channels have sent are with their recipients. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Wired } from '../stores/wiring.ts';
import type { Person } from './rows.ts';

/** The addresses in the rows of a person: every field with such a name, at any depth. */
export function addressesIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  const entries =
    value instanceof Map || Symbol.iterator in value
      ? [...(value as Iterable<unknown>)].entries()
      : Object.entries(value);
  for (const [name, each] of entries) {
    if (name === 'address' && typeof each === 'string') found.add(each);
    addressesIn(each, found);
  }
  return found;
}

/** Removes, or only counts, the messages to the person. */
export async function outboxMessages(
  { config }: Pick<Wired, 'config'>,
  person: Person,
  { addresses, erase }: { readonly addresses: ReadonlySet<string>; readonly erase: boolean },
): Promise<number> {
  let count = 0;
  for (const channel of ['mail', 'webhook', 'push', 'sms']) {
    const folder = join(config.data, 'outbox', channel);
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      const file = join(folder, name);
      if (!isTo(await readFile(file, 'utf8'), person, addresses)) continue;
      count += 1;
      if (erase) await rm(file, { force: true });
    }
  }
  return count;
}

/** A mail has its address in the header `To`. The other messages are JSON, with the key of the message. */
function isTo(text: string, { tenant, userId }: Person, addresses: ReadonlySet<string>): boolean {
  const key = /"key": "([^"]*)"/.exec(text)?.[1];
  const owner = [tenant, userId].map((part) => part.replace(/[%/]/g, encodeURIComponent)).join('/');
  if (key !== undefined) return key.startsWith(`${encodeURIComponent(owner)}%2F`);
  const to = /^To: (.*(?:\r?\n[ \t].*)*)/im.exec(text)?.[1] ?? '';
  return to.split(/[\s,<>]+/).some((each) => addresses.has(each));
}
