/** Metrics of the batches of jobs and rollups, counted once for each committed batch. */
import type { Counter } from 'prom-client';
import { ANOMALIES } from '../../jobs/runtime/anomalies.ts';
import {
  type Cached,
  type CacheReads,
  type Latencies,
  type PartitionEvent,
  SKIPS,
} from '../../jobs/runtime/telemetry.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import type { Instruments } from './instruments.ts';

type BatchEvent = Extract<PartitionEvent, { kind: 'batch' }>;

const CACHED: readonly Cached[] = ['rows', 'lookups'];

export function batchMetrics({ counter, histogram }: Instruments, works: readonly Work[]) {
  const records = counter('records', 'Records read, by outcome.', ['job', 'topic', 'outcome']);
  const oddEvents = counter('odd_events', 'Events applied although something about them is strange.', [
    'job',
    'topic',
    'outcome',
  ]);
  const rowsWritten = counter('rows_written', 'Rows written.', ['job']);
  const viewsWritten = counter('views_written', 'View records written.', ['job']);
  const eventsSent = counter('events_sent', 'Derived events sent.', ['job']);
  const cacheReads = counter('cache_reads', 'Rows and lookups that batches needed, by whether they were in memory.', [
    'job',
    'cache',
    'outcome',
  ]);
  const duration = histogram('batch_duration_seconds', {
    help: 'Time from the first to the last step of a batch.',
    labelNames: ['job'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const size = histogram('batch_records', {
    help: 'Records per batch.',
    labelNames: ['job'],
    buckets: [1, 5, 10, 50, 100, 500, 1000, 2000, 5000],
  });
  const latency = histogram('event_latency_seconds', {
    help: 'Time from an event to the end of the batch that applied it, or to the commit of the segments that count it.',
    labelNames: ['job'],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 86_400],
  });

  for (const { name: job, from } of works) {
    const topic = from.name;
    for (const outcome of ['applied', 'rejected', 'routed', ...SKIPS]) records.inc({ job, topic, outcome }, 0);
    for (const outcome of [...ANOMALIES, 'undeclared-type']) oddEvents.inc({ job, topic, outcome }, 0);
    for (const each of [rowsWritten, viewsWritten, eventsSent]) (each as Counter<'job'>).inc({ job }, 0);
    for (const cache of CACHED) reads(job, cache, { hits: 0, misses: 0 });
    for (const each of [duration, size, latency]) each.zero({ job });
  }

  function reads(job: string, cache: Cached, { hits, misses }: CacheReads): void {
    cacheReads.inc({ job, cache, outcome: 'hit' }, hits);
    cacheReads.inc({ job, cache, outcome: 'miss' }, misses);
  }

  function tookEffect(job: string, latenciesMs: Latencies): void {
    // A sender's clock may be ahead.
    for (const ms of latenciesMs) latency.observe({ job }, Math.max(0, ms) / 1000);
  }

  return {
    oddEvents,
    tookEffect,
    add({ job, topic, ...batch }: BatchEvent): void {
      const outcomes = { applied: batch.applied, rejected: batch.rejected, routed: batch.routed, ...batch.skipped };
      for (const [outcome, count] of Object.entries(outcomes)) records.inc({ job, topic, outcome }, count);
      for (const [outcome, count] of Object.entries(batch.odd)) oddEvents.inc({ job, topic, outcome }, count);
      rowsWritten.inc({ job }, batch.rowsWritten);
      viewsWritten.inc({ job }, batch.viewsWritten);
      eventsSent.inc({ job }, batch.eventsSent);
      for (const cache of CACHED) reads(job, cache, batch.reads[cache]);
      duration.observe({ job }, batch.durationMs / 1000);
      size.observe({ job }, batch.records);
      tookEffect(job, batch.latenciesMs);
    },
  };
}
