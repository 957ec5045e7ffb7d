/**
 * The spans of a publication, which writes what a rollup has counted in many batches to a table at once. Each counted record with a
 * sampled trace has a span in that trace, with a child for each step. The publication has a span of its own, linked with all of these.
 */
import { type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { MOST_TRACED, type TraceContext } from './batch.ts';
import { childrenOf } from './children.ts';
import { tracer as tracerNow } from './tracer.ts';

export interface PublicationTrace {
  /** Runs one step of the publication. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Ends the spans. `failed` if the publication is not in the table. */
  end(failed: boolean): void;
}

const UNTRACED: PublicationTrace = { step: (_name, work) => work(), end: () => {} };

/** `counted` has the spans of the records that the publication contains. */
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
