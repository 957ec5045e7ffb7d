/** The contract of the requests port for the events that announce the end of a request. */
import assert from 'node:assert/strict';
import type { About } from './requests.ts';
import { asked, existing, finished, leased, leaseOf, T0 } from './requests-samples.ts';

export function announcementsContract(about: About): void {
  about(
    'what is done or failed stays to be announced until that is confirmed, the first end first',
    async (requests) => {
      await asked(requests, 'fails', T0);
      const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
      await finished(requests, 'z-done', T0 + 1, T0 + 1000);
      await requests.fail(lease, T0 + 2, { code: 'NOT_FOUND', message: 'no such course' }, null);
      await finished(requests, 'a-done', T0 + 3, T0 + 1000);
      await asked(requests, 'cancelled', T0 + 4);
      await requests.cancel('acme', 'cancelled-1', T0 + 4);
      await asked(requests, 'waits', T0 + 5);
      const ids = async (limit = 10): Promise<string[]> => (await requests.unannounced(limit)).map(({ id }) => id);
      assert.deepEqual(await ids(), ['z-done-1', 'fails-1', 'a-done-1']);
      assert.deepEqual(await requests.unannounced(1), [await existing(requests, 'z-done-1')]);
      // The caller crashed after emitting the event. The next one emits it again with the same id.
      assert.deepEqual(await ids(), ['z-done-1', 'fails-1', 'a-done-1']);
      await requests.confirmAnnounced(['fails-1', 'waits-1', 'nothing']);
      assert.deepEqual(await ids(), ['z-done-1', 'a-done-1']);
      await requests.confirmAnnounced(['z-done-1', 'a-done-1']);
      await requests.confirmAnnounced([]);
      assert.deepEqual(await ids(), []);
    },
  );

  about('what is confirmed before it has ended is still announced', async (requests) => {
    await asked(requests, 'r1', T0, { maxAttempts: 1 });
    await requests.confirmAnnounced(['r1-1']);
    await leased(requests, 'ada', T0, T0 + 100);
    await requests.confirmAnnounced(['r1-1']);
    await requests.expire(T0 + 100, 10);
    const [failed] = await requests.unannounced(10);
    assert.deepEqual([failed?.id, failed?.state], ['r1-1', 'failed'], 'also when its worker died');
  });

  about('a failed attempt that is tried again is not announced', async (requests) => {
    await asked(requests, 'r1', T0);
    const lease = leaseOf(await leased(requests, 'ada', T0, T0 + 100));
    await requests.fail(lease, T0 + 1, { code: 'TABLES_AWAY', message: 'away' }, T0 + 50);
    assert.deepEqual(await requests.unannounced(10), []);
  });
}
