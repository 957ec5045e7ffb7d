/** The spans that an OpenTelemetry exporter receives. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { context, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

/** A trace begun elsewhere, and the header with which a record carries it. */
export const TRACE = '0af7651916cd43dd8448eb211c80319c';
export const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;

export function exporter(t: TestContext): InMemorySpanExporter {
  const spans = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  provider.register();
  t.after(async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
    propagation.disable();
  });
  return spans;
}

/** The finished spans of the trace begun elsewhere. */
export const inTrace = (exported: InMemorySpanExporter): ReadableSpan[] =>
  exported.getFinishedSpans().filter((span) => span.spanContext().traceId === TRACE);

export const named = (spans: readonly ReadableSpan[], name: string): ReadableSpan => {
  const found = spans.find((each) => each.name === name);
  assert.ok(found !== undefined, `there is ${name}, among ${spans.map((each) => each.name).join(', ')}`);
  return found;
};

/** The names of the span's ancestors, from its parent up to the root. */
export function above(spans: readonly ReadableSpan[], span: ReadableSpan): string[] {
  const parent = spans.find((each) => each.spanContext().spanId === span.parentSpanContext?.spanId);
  return parent === undefined ? [] : [parent.name, ...above(spans, parent)];
}

/** The names of the span's children, in order. */
export const below = (spans: readonly ReadableSpan[], span: ReadableSpan): string[] =>
  spans.filter((each) => each.parentSpanContext?.spanId === span.spanContext().spanId).map(({ name }) => name);
