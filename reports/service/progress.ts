/** The state of a request as server-sent events. It polls the store, so any instance can report what a worker elsewhere does. */
import type { Request } from '../../sinks/requests/port.ts';
import type { Service } from './route.ts';
import { requestView } from './views.ts';

const LOOK_MS = 500;
/** A comment keeps proxies from closing an idle connection. */
const COMMENT_MS = 15_000;
const ENDED: readonly string[] = ['done', 'failed', 'cancelled', 'expired'];

/** Ends with the request, or when the signal is aborted. */
export async function* progressEvents(
  first: Request,
  { requests, clock }: Pick<Service, 'requests' | 'clock'>,
  until: AbortSignal,
): AsyncGenerator<string> {
  let sent = '';
  let sentAt = clock.now();
  for (let request: Request | undefined = first; request !== undefined; ) {
    const data = JSON.stringify(requestView(request));
    const now = clock.now();
    if (data !== sent) {
      yield `event: request\ndata: ${data}\n\n`;
      sent = data;
      sentAt = now;
    } else if (now - sentAt >= COMMENT_MS) {
      yield ': nothing new\n\n';
      sentAt = now;
    }
    if (ENDED.includes(request.state)) {
      yield `id: end\nevent: end\ndata: ${data}\n\n`;
      return;
    }
    await clock.sleep(LOOK_MS, until);
    if (until.aborted) return;
    request = await requests.get(request.tenant, request.id);
  }
}
