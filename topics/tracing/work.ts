/** The span of a piece of work that is done for one trace. */
import { type Attributes, context, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Headers } from '../log/transport.ts';
import { carriedBy, headersFor } from './carried.ts';
import { tracer as tracerNow } from './tracer.ts';

export interface WorkSpan {
  /** The headers with which a record continues the trace from here; none without a trace. */
  readonly headers: Headers;
  /** Notes the outcome. */
  set(attributes: Attributes): void;
  /** Marks the work as failed, although it throws nothing. */
  fail(): void;
}

const UNTRACED: WorkSpan = { headers: {}, set: () => {}, fail: () => {} };

interface WorkParts {
  /** Headers that may carry the trace to continue. Without one, continues that of the active span, or begins a new one. */
  readonly from?: Headers | undefined;
  readonly attributes?: Attributes;
}

/** Runs the work with its span as the active one. Calls of stores, which other instrumentation may trace, become its children. */
export async function inSpan<T>(
  name: string,
  { from, attributes = {} }: WorkParts,
  work: (span: WorkSpan) => Promise<T>,
): Promise<T> {
  const tracer = tracerNow();
  if (tracer === undefined) return work(UNTRACED);
  const parent = (from && carriedBy(from)) ?? context.active();
  const span = tracer.startSpan(name, { attributes }, parent);
  const within = trace.setSpan(parent, span);
  // No message: it may hold personal data.
  const fail = () => void span.setStatus({ code: SpanStatusCode.ERROR });
  try {
    const set = (more: Attributes) => void span.setAttributes(more);
    return await context.with(within, () => work({ headers: headersFor(within), set, fail }));
  } catch (error) {
    fail();
    throw error;
  } finally {
    span.end();
  }
}
