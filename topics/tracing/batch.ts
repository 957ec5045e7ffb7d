/**
 * The spans of a batch. Each record that carries a sampled trace has a span in that trace, with a child for each step of the batch (the
 * writes of its rows and of each view, and the commit) and for each call of a channel. Records that it causes carry that span on. The
 * batch has a span of its own, linked with all of these. A batch without such records has no spans.
 */
import {
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { Headers, LogRecord } from '../log/transport.ts';
import { carriedBy, headersFor } from './carried.ts';
import { childrenOf } from './children.ts';
import { tracer as tracerNow } from './tracer.ts';

/** A place in a trace, for later work that follows from it. */
export type TraceContext = Context;

export interface BatchTrace {
  /** Runs one step of the batch. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Runs one call of a channel that the record at the offset caused. */
  call<T>(offset: number, channel: string, work: () => Promise<T>): Promise<T>;
  /** The headers for records that the record at the offset causes, if it belongs to a trace. */
  headersOf(offset: number): Headers | undefined;
  /** The span of the record at the offset, if it has one. */
  contextOf(offset: number): TraceContext | undefined;
  /** Notes the outcome of a record. */
  became(offset: number, outcome: string): void;
  /** Ends the spans. `failed` if the batch was not committed. */
  end(failed: boolean): void;
}

const UNTRACED: BatchTrace = {
  step: (_name, work) => work(),
  call: (_offset, _channel, work) => work(),
  headersOf: () => undefined,
  contextOf: () => undefined,
  became: () => {},
  end: () => {},
};

/** The most records of a batch, or of a publication, that have spans. Traces of further records are passed on unchanged. */
export const MOST_TRACED = 100;

interface Place {
  readonly job: string;
  readonly topic: string;
  readonly partition: number;
}

export function traceBatch({ job, topic, partition }: Place, records: readonly LogRecord[]): BatchTrace {
  const tracer = tracerNow();
  if (tracer === undefined) return UNTRACED;
  const carried = new Map<number, Context>();
  for (const { offset, headers } of records) {
    const parent = carriedBy(headers);
    if (parent !== undefined && isSampled(parent)) carried.set(offset, parent);
  }
  if (carried.size === 0) return UNTRACED;

  const place = {
    'messaging.operation.type': 'process',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    'messaging.consumer.group.name': job,
  };
  const traced = [...carried].slice(0, MOST_TRACED);
  const links = traced.flatMap(([, parent]) => trace.getSpanContext(parent) ?? []).map((of) => ({ context: of }));
  const attributes = { ...place, 'messaging.batch.message_count': records.length };
  const batch = tracer.startSpan(`batch ${job}`, { kind: SpanKind.CONSUMER, attributes, links, root: true });
  const toBatch = [{ context: batch.spanContext() }];
  const spans = new Map<number, Span>();
  for (const [offset, parent] of traced) {
    const own = { ...place, 'messaging.kafka.offset': offset };
    const options = { kind: SpanKind.CONSUMER, attributes: own, links: toBatch };
    spans.set(offset, tracer.startSpan(`process ${job}`, options, parent));
  }
  const contextOf = (offset: number): Context => {
    const parent = carried.get(offset) ?? ROOT_CONTEXT;
    const span = spans.get(offset);
    return span === undefined ? parent : trace.setSpan(parent, span);
  };

  return {
    step: (name, work) => childrenOf(tracer, { name, parents: [...spans.keys()].map(contextOf) }, work),
    async call(offset, channel, work) {
      if (!spans.has(offset)) return work();
      const parent = contextOf(offset);
      const span = tracer.startSpan(`call ${channel}`, { kind: SpanKind.CLIENT }, parent);
      try {
        return await context.with(trace.setSpan(parent, span), work);
      } finally {
        span.end();
      }
    },
    headersOf: (offset) => (carried.has(offset) ? headersFor(contextOf(offset)) : undefined),
    contextOf: (offset) => (spans.has(offset) ? contextOf(offset) : undefined),
    became(offset, outcome) {
      spans.get(offset)?.setAttribute('tributary.outcome', outcome);
    },
    end(failed) {
      for (const span of [batch, ...spans.values()]) {
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR, message: 'the batch was not committed' });
        span.end();
      }
    },
  };
}

const isSampled = (parent: Context): boolean =>
  ((trace.getSpanContext(parent)?.traceFlags ?? TraceFlags.NONE) & TraceFlags.SAMPLED) !== 0;
