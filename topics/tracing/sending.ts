/** The spans of events that enter the log from outside, and of timers that fire. */
import { type Context, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { NewRecord } from '../log/transport.ts';
import { carriedBy, headersFor } from './carried.ts';
import { tracer as tracerNow } from './tracer.ts';

type Produce = (records: readonly NewRecord[]) => Promise<number[]>;

/**
 * Sends the records with `produce`, each with the trace of its own span. Its parent is the trace that the record carries, or else the
 * active span, such as that of the HTTP call.
 */
export const sendTraced = (records: readonly NewRecord[], produce: Produce): Promise<number[]> =>
  sendIn(({ topic }) => `send ${topic}`, context.active(), records, produce);

/** Sends the records of timers. Each continues the trace that it carries, if any. */
export const fireTraced = (job: string, records: readonly NewRecord[], produce: Produce): Promise<number[]> =>
  sendIn(() => `fire ${job}`, undefined, records, produce);

/** `otherwise` is the parent of the span of a record that carries no trace. If undefined, such a record has no span. */
async function sendIn(
  nameOf: (record: NewRecord) => string,
  otherwise: Context | undefined,
  records: readonly NewRecord[],
  produce: Produce,
): Promise<number[]> {
  const tracer = tracerNow();
  if (tracer === undefined) return produce(records);
  const spans: Span[] = [];
  const carrying = records.map((record) => {
    const parent = carriedBy(record.headers) ?? otherwise;
    if (parent === undefined) return record;
    const attributes = { 'messaging.operation.type': 'send', 'messaging.destination.name': record.topic };
    const span = tracer.startSpan(nameOf(record), { kind: SpanKind.PRODUCER, attributes }, parent);
    spans.push(span);
    return { ...record, headers: { ...record.headers, ...headersFor(trace.setSpan(parent, span)) } };
  });
  try {
    return await produce(carrying);
  } catch (error) {
    for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}
