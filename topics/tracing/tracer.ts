/** The tracer, if an OpenTelemetry SDK was loaded before this process began. Without one no spans are made, at no cost. */
import { ProxyTracerProvider, type Tracer, trace } from '@opentelemetry/api';

const NAME = 'tributary';

export function tracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  if (provider instanceof ProxyTracerProvider) return provider.getDelegateTracer(NAME);
  return provider.getTracer(NAME);
}

export const isTracing = (): boolean => tracer() !== undefined;
