/** Spans of work that is done for several traces at once: one span in each trace, for the duration of the work. */
import type { Context, Tracer } from '@opentelemetry/api';

export async function childrenOf<T>(
  tracer: Tracer,
  { name, parents }: { readonly name: string; readonly parents: readonly Context[] },
  work: () => Promise<T>,
): Promise<T> {
  const startTime = performance.now();
  try {
    return await work();
  } finally {
    const endTime = performance.now();
    for (const parent of parents) tracer.startSpan(name, { startTime }, parent).end(endTime);
  }
}
