/**
 * The spans of a publication: what a rollup has counted of many batches goes into a table at once. Each record that was counted in a sampled trace has a
 * span in it, with a child for each step. A span of the publication itself is linked with all of them.
 */
import { type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { MOST_TRACED, type TraceContext } from './batch.ts';
import { childrenOf } from './children.ts';
import { tracer as tracerNow } from './tracer.ts';

export interface PublicationTrace {
  /** Does one step of the publication. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** The publication is over; `failed`: it is not in the table. */
  end(failed: boolean): void;
}

const UNTRACED: PublicationTrace = { step: (_name, work) => work(), end: () => {} };

/** `counted`: the spans of the records that it contains. */
export function tracePublication(table: string, counted: readonly TraceContext[]): PublicationTrace {
  const tracer = tracerNow();
  const traced = counted.slice(0, MOST_TRACED);
  if (tracer === undefined || traced.length === 0) return UNTRACED;
  const name = `publish ${table}`;
  const links = traced.flatMap((parent) => trace.getSpanContext(parent) ?? []).map((of) => ({ context: of }));
  const whole = tracer.startSpan(name, { links, root: true });
  const toWhole = [{ context: whole.spanContext() }];
  const spans: [Span, TraceContext][] = traced.map((parent) => {
    const span = tracer.startSpan(name, { links: toWhole }, parent);
    return [span, trace.setSpan(parent, span)];
  });
  const parents = spans.map(([, within]) => within);
  return {
    step: (step, work) => childrenOf(tracer, { name: step, parents }, work),
    end(failed) {
      for (const span of [whole, ...spans.map(([each]) => each)]) {
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR, message: 'it was not published' });
        span.end();
      }
    },
  };
}
