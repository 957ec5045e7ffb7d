/**
 * A client of the requests or the objects in a process of its own, which keeps running whatever happens to its server. It prints a
 * line for everything that was acknowledged. When its standard input ends, it finishes what it began and exits.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { kindOf, TributaryError } from '../../core/errors.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { s3Objects } from '../../sinks/objects/s3/objects.ts';
import type { Requests } from '../../sinks/requests/port.ts';
import { postgresRequests } from '../../sinks/requests/postgres/requests.ts';
import { bodyOf, LARGE_EVERY, nameOf, requestOf, resultOf } from './client-data.ts';

/** Short, so that a request leased by an unanswered call soon becomes free again. */
const LEASE_MS = 1500;
const PAUSE_MS = 20;

let isAsked = false;
process.stdin.resume().on('end', () => {
  isAsked = true;
});
const say = (what: string): boolean => process.stdout.write(`${what}\n`);

async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (kindOf(error) !== 'retry') throw error;
      say(`away ${(error as TributaryError).code}`);
      await sleep(PAUSE_MS);
    }
  }
}

async function ask(requests: Requests): Promise<void> {
  let asked = 0;
  let open = 0;
  while (!isAsked || open > 0) {
    if (!isAsked) {
      await persist(() => requests.ask(requestOf(asked), Date.now()));
      say(`asked ${asked}`);
      asked += 1;
    }
    const now = Date.now();
    const request = await persist(() => requests.lease('client', now, now + LEASE_MS, 1000));
    if (request !== undefined) await work(requests, request);
    else await sleep(PAUSE_MS);
    const states = ['waiting', 'running'] as const;
    open = (await persist(() => requests.list('default', { states }, { limit: 1000 }))).requests.length;
  }
}

async function work(requests: Requests, { id, attempt }: { id: string; attempt: number }): Promise<void> {
  try {
    await persist(() => requests.finish({ id, owner: 'client', attempt }, Date.now(), resultOf(id, attempt)));
    say(`finished ${id}`);
  } catch (error) {
    // The answer took too long. The next attempt will finish the request.
    if (!(error instanceof TributaryError && error.code === 'LEASE_LOST')) throw error;
    say(`lost ${id}`);
  }
}

async function write(objects: Objects): Promise<void> {
  for (let index = 0; !isAsked; index++) {
    const body = bodyOf(index);
    try {
      await persist(() => objects.create(nameOf(index), index % LARGE_EVERY === 0 ? parts(body) : body));
    } catch (error) {
      // This is the only writer, so an earlier call succeeded and its answer was lost.
      if (!(error instanceof TributaryError && error.code === 'ALREADY_EXISTS')) throw error;
    }
    say(`written ${index} ${createHash('sha256').update(body).digest('hex')}`);
    await persist(() => objects.put('latest', Buffer.from(String(index))));
  }
}

async function* parts(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += 1 << 20) yield body.subarray(at, at + (1 << 20));
}

const [, , kind, url = ''] = process.argv;
const store = kind === 'requests' ? postgresRequests({ url }) : s3Objects({ url });
await (kind === 'requests' ? ask(store as Requests) : write(store as Objects));
await store.close();
