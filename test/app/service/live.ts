/** Server-sent events, read as they arrive. */
import { type Asked, requestOf, routeNamed, urlOf } from './harness.ts';

export interface SentEvent {
  readonly event: string;
  readonly data: unknown;
}

/** The events of a route, in order. Leaving the loop closes the connection. */
export async function* sentEvents(address: string, name: string, asked: Asked): AsyncGenerator<SentEvent> {
  const gone = new AbortController();
  const route = routeNamed(name);
  const response = await fetch(address + urlOf(route, asked), { ...requestOf(route, asked), signal: gone.signal });
  if (response.status !== 200 || response.body === null) throw new Error(`${name}: ${response.status}`);
  let text = '';
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, event = '', data = ''] = /^event: (\S+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        yield { event, data: JSON.parse(data) };
      }
    }
  } finally {
    gone.abort();
  }
}

/** All events up to the first one with this name. */
export async function eventsUntil(events: AsyncGenerator<SentEvent>, last: string): Promise<SentEvent[]> {
  const found: SentEvent[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error(`no ${last} came: ${JSON.stringify(found)}`);
    found.push(value);
    if (value.event === last) return found;
  }
}
