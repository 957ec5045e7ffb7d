/** Stores a planned request, in a span of its own. The further processing of the request continues that trace. */
import type { NewRequest, Requests } from '../../sinks/requests/port.ts';
import type { Headers } from '../../topics/log/transport.ts';
import { traceText } from '../../topics/tracing/carried.ts';
import { inSpan } from '../../topics/tracing/work.ts';

/** `from`: headers that may carry the trace of the asker. */
export const submit = (
  requests: Pick<Requests, 'ask'>,
  request: NewRequest,
  now: number,
  from?: Headers,
): ReturnType<Requests['ask']> =>
  inSpan(`request ${request.report}`, { from }, async (span) => {
    const trace = traceText(span.headers);
    const asked = await requests.ask(trace === undefined ? request : { ...request, trace }, now);
    span.set({ 'tributary.request': asked.request.id, 'tributary.outcome': asked.isNew ? 'new' : 'joined' });
    return asked;
  });
