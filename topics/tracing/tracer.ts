/** The tracer, if an SDK of OpenTelemetry was loaded before this process began. Without one there are no spans, and nothing is computed for them. */
import { ProxyTracerProvider, type Tracer, trace } from '@opentelemetry/api';

const NAME = 'tributary';

export function tracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  if (provider instanceof ProxyTracerProvider) return provider.getDelegateTracer(NAME);
  return provider.getTracer(NAME);
}

export const isTracing = (): boolean => tracer() !== undefined;
