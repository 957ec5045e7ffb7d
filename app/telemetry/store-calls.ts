/** Watches the calls that a process makes to its stores, so that they can be counted. Without a listener, calls go straight through. */
import { TributaryError } from '../../core/errors.ts';
import type { Membership } from '../../topics/log/transport.ts';
import type { Port } from '../config/keys.ts';

export interface StoreCall {
  readonly store: Port;
  /** The method of the port. */
  readonly call: string;
  readonly ms: number;
  /** The result of the call, or the error that it threw. */
  readonly answer?: unknown;
  readonly error?: unknown;
}

type Listener = (call: StoreCall) => void;
type Method = (...args: unknown[]) => unknown;

export class StoreCalls {
  listener: Listener | undefined;

  /** Returns the same port, watched. */
  watch<P extends object>(store: Port, port: P): P {
    // Keyed by the method itself, so that a replaced method is not called any more.
    const watched = new WeakMap<object, Method>();
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const known = watched.get(value);
        if (known !== undefined) return known;
        const method = value.bind(target) as Method;
        // Leaves out `close`, which ends the port, and properties that are not calls of a store.
        const each = typeof name === 'string' && name !== 'close' ? this.#watched(store, name, method) : method;
        watched.set(value, each);
        return each;
      },
    });
  }

  #watched(store: Port, call: string, method: Method): Method {
    return (...args) => {
      const { listener } = this;
      if (listener === undefined) return method(...args);
      const began = performance.now();
      const answer = method(...args);
      if (!(answer instanceof Promise)) return answer;
      return answer.then(
        (value) => {
          listener({ store, call, ms: performance.now() - began, answer: value });
          return call === 'join' ? this.#member(store, value as Membership) : value;
        },
        (error: unknown) => {
          listener({ store, call, ms: performance.now() - began, error });
          throw error;
        },
      );
    };
  }

  /** Claims are calls of the log, too. */
  #member(store: Port, membership: Membership): Membership {
    const watched = this.watch(store, membership);
    return {
      get partitions() {
        return membership.partitions;
      },
      claim: async (partition) => this.watch(store, await watched.claim(partition)),
      leave: () => membership.leave(),
    };
  }
}

/** How a call failed, as the kind of its error; undefined if it succeeded. A channel returns its failure instead of throwing it. */
export function faultOf({ answer, error }: StoreCall): string | undefined {
  if (error !== undefined) return error instanceof TributaryError ? error.kind : 'fatal';
  const outcome = (answer as { readonly outcome?: unknown } | undefined)?.outcome;
  if (outcome === 'away' || outcome === 'unknown') return 'retry';
  return outcome === 'refused' ? 'reject' : undefined;
}
