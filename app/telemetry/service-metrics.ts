/** Metrics of the HTTP service. Its routes are bounded by the reports. */
import type { Registry } from 'prom-client';

export type ServiceMetrics = Awaited<ReturnType<typeof createServiceMetrics>>;

export async function createServiceMetrics(registry: Registry) {
  const { Counter, Gauge, Histogram } = await import('prom-client');
  const registers = [registry];
  return {
    calls: new Counter({
      name: 'tributary_service_calls_total',
      help: 'Answered calls to the HTTP service, by status.',
      labelNames: ['route', 'status'],
      registers,
    }),
    seconds: new Histogram({
      name: 'tributary_service_call_duration_seconds',
      help: 'Time from a call to the HTTP service to the end of its answer.',
      labelNames: ['route'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 300],
      registers,
    }),
    open: new Gauge({
      name: 'tributary_service_calls_open',
      help: 'Calls to the HTTP service that are being answered.',
      registers,
    }),
  };
}
