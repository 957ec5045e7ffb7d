/** The contract of the requests port: see `sinks/requests/port.ts`. */
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Requests } from '../../sinks/requests/port.ts';
import { announcementsContract } from './requests-announcements.ts';
import { asksContract } from './requests-asks.ts';
import { expiryContract } from './requests-expiry.ts';
import { fairnessContract } from './requests-fairness.ts';
import { leasesContract } from './requests-leases.ts';
import { listsContract } from './requests-lists.ts';
import { behavesLikeTheModel } from './requests-random.ts';
import { schedulesContract } from './requests-schedules.ts';

/** Returns a separate empty store for every call. */
export type Make = (t: TestContext) => Promise<Requests>;

export function requestsContract(name: string, make: Make): void {
  const about = (title: string, body: (requests: Requests) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => body(await make(t)));
  };
  for (const part of [
    asksContract,
    listsContract,
    leasesContract,
    fairnessContract,
    expiryContract,
    announcementsContract,
    schedulesContract,
  ]) {
    part(about);
  }

  test(`${name}: any sequence of calls has the results of the model`, async (t) => {
    await fc.assert(
      behavesLikeTheModel(() => make(t)),
      { numRuns: 60 },
    );
  });
}

/** Adds a test that gets a store. */
export type About = (title: string, body: (requests: Requests) => Promise<void>) => void;
