/** How long the calls of each store take, and how they fail. Labels are ports, their methods and kinds of errors, which are all bounded. */
import { ERROR_CODES, type ErrorKind } from '../../core/errors.ts';
import { type Config, type Port, SCHEMES } from '../config/keys.ts';
import { schemeOf } from '../config/urls.ts';
import type { Instruments } from './instruments.ts';
import { faultOf, type StoreCall } from './store-calls.ts';

const KINDS = [...new Set<ErrorKind>(Object.values(ERROR_CODES))];

/** The ports that a process opens at the start. The query engine is opened later, if at all. */
export const storesOf = (config: Config): Port[] =>
  (Object.keys(SCHEMES) as Port[]).filter((port) => port !== 'query' && schemeOf(config[port]) !== 'none');

/** `stores` are those that the process has. Returns a function that counts a call. */
export function storeMetrics({ counter, histogram }: Instruments, stores: readonly Port[]) {
  const duration = histogram('store_call_duration_seconds', {
    help: 'Duration of a call to a store. For fetch, it includes the wait for records.',
    labelNames: ['store', 'call'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
  });
  const errors = counter('store_errors', 'Failed calls to a store, by the kind of error.', ['store', 'kind']);
  const fenced = counter('fenced_writes', 'Rows, views and commits refused because of a newer owner.', ['store']);
  for (const store of stores) {
    fenced.inc({ store }, 0);
    for (const kind of KINDS) errors.inc({ store, kind }, 0);
  }
  return (call: StoreCall): void => {
    const { store } = call;
    duration.observe({ store, call: call.call }, call.ms / 1000);
    const kind = faultOf(call);
    if (kind !== undefined) errors.inc({ store, kind });
    const isWrite = call.call === 'write' || call.call === 'apply';
    const stale = kind === 'fenced' ? 1 : isWrite ? staleIn(call.answer) : 0;
    if (stale > 0) fenced.inc({ store }, stale);
  };
}

/** How many of the answered writes lost to a newer version. Only `write` and `apply` report that. */
function staleIn(answer: unknown): number {
  return Array.isArray(answer) ? answer.filter((each) => each === 'stale').length : 0;
}
