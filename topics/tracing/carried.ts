/**
 * The trace of an event, which its record carries in the attributes `traceparent` and `tracestate` of CloudEvents' distributed tracing
 * extension (W3C Trace Context). Headers of these names without `ce_`, which other producers set, are read too. Baggage is not passed
 * on, because it may hold personal data and records are kept.
 */
import { type Context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Headers } from '../log/transport.ts';

const PREFIX = 'ce_';
const NAMES = ['traceparent', 'tracestate'];

const getter = {
  keys: () => NAMES,
  get(headers: Headers, name: string): string | undefined {
    if (!NAMES.includes(name)) return undefined;
    const value = headers[PREFIX + name] ?? headers[name];
    return typeof value === 'string' ? value : undefined;
  },
};

const setter = {
  set(headers: Record<string, string>, name: string, value: string): void {
    if (NAMES.includes(name)) headers[PREFIX + name] = value;
  },
};

/** The context of the event's trace; undefined if the event has none. */
export function carriedBy(headers: Headers): Context | undefined {
  if (getter.get(headers, 'traceparent') === undefined) return undefined;
  const context = propagation.extract(ROOT_CONTEXT, headers, getter);
  return trace.getSpanContext(context) === undefined ? undefined : context;
}

/** The headers by which a record carries the context. */
export function headersFor(context: Context): Headers {
  const headers: Record<string, string> = {};
  propagation.inject(context, headers, setter);
  return headers;
}

/** The trace as text, for a store that keeps it until something follows from the event. */
export function traceText(headers: Headers | undefined): string | undefined {
  const text = headers?.[`${PREFIX}traceparent`];
  return typeof text === 'string' ? text : undefined;
}

/** The headers with which a record continues a trace that was kept as text. */
export const goingOnWith = (text: string | undefined): Headers | undefined =>
  text === undefined ? undefined : { [`${PREFIX}traceparent`]: text };
