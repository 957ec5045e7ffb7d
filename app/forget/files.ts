/**
 * Report files. A file is a snapshot and may be encrypted, so its contents cannot be searched for the person. So all files of the tenant
 * are removed, and a user who needs one requests it again. Running reports are cancelled, since they may have read the person's data
 * already.
 */
import type { RequestState } from '../../sinks/requests/port.ts';
import type { Wired } from '../stores/wiring.ts';

const AT_ONCE = 100;

type Needed = Pick<Wired, 'requests' | 'objects'>;

export async function reportFiles({ requests }: Needed, tenant: string): Promise<number> {
  return countOf(requests, tenant, ['done', 'running']);
}

/** Returns how many files were removed and how many reports were cancelled. */
export async function removeReportFiles({ requests, objects }: Needed, tenant: string, now: number): Promise<number> {
  let ended = 0;
  for await (const { id } of all(requests, tenant, ['running'])) if (await requests.cancel(tenant, id, now)) ended += 1;
  ended += await requests.outdate(tenant, now);
  for (;;) {
    const expired = await requests.expire(now, AT_ONCE);
    if (expired.length === 0) return ended;
    for (const { objects: names } of expired) for (const name of names) await objects.remove(name);
    await requests.confirmRemoved(expired.map(({ id }) => id));
  }
}

/** How many requests of the person are kept, with their parameters, until they are forgotten like all requests. */
export async function ownRequests({ requests }: Needed, tenant: string, userId: string): Promise<number> {
  return countOf(requests, tenant, undefined, userId);
}

async function countOf(requests: Wired['requests'], tenant: string, states?: RequestState[], asker?: string) {
  let count = 0;
  for await (const _request of all(requests, tenant, states, asker)) count += 1;
  return count;
}

async function* all(requests: Wired['requests'], tenant: string, states?: RequestState[], asker?: string) {
  let cursor: string | null = null;
  do {
    const filter = { ...(states && { states }), ...(asker !== undefined && { asker }) };
    const page = await requests.list(tenant, filter, { limit: AT_ONCE, cursor });
    yield* page.requests;
    cursor = page.next;
  } while (cursor !== null);
}
