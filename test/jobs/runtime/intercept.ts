/**
 * Wraps the stores so that a hook gets every call of a port first: to fail, to count, to answer differently, or to crash. A call is
 * named by port and method: `tables.write`, `transport.produce`, `membership.claim`, `claim.commit`, `codec.learn`, `mail.send`.
 */
import type { Stores } from '../../../jobs/runtime/stores.ts';
import type { Key } from '../../../sinks/port.ts';

/** `go` makes the call. The hook's result is the result of the call. */
export type Hook = (name: string, go: () => Promise<unknown>, args: readonly unknown[]) => Promise<unknown>;

export function intercept(stores: Stores, hook: Hook): Stores {
  return {
    transport: hooked(stores.transport, 'transport', hook),
    codec: hooked(stores.codec, 'codec', hook, ['encode', 'decode', 'check']),
    tables: hooked(stores.tables, 'tables', hook),
    cache: hooked(stores.cache, 'cache', hook),
    search: hooked(stores.search, 'search', hook),
    channels: Object.fromEntries(
      Object.entries(stores.channels).map(([name, channel]) => [name, hooked(channel, name, hook)]),
    ),
  };
}

type Method = (...args: unknown[]) => unknown;

/** `plain` lists the synchronous methods, which are not hooked. */
function hooked<T extends object>(port: T, name: string, hook: Hook, plain = ['seek', 'pause', 'resume']): T {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = (value as Method).bind(target);
      if (plain.includes(String(property))) return method;
      return async (...args: unknown[]) => {
        const answer = await hook(`${name}.${String(property)}`, async () => method(...args), args);
        if (property === 'join') return hooked(answer as object, 'membership', hook);
        return name === 'membership' && property === 'claim' ? hooked(answer as object, 'claim', hook) : answer;
      };
    },
  });
}

/** Refuses writes whose key contains this part, for one call of a store and optionally for one target only. */
export function refusingKeys(part: string, call: string, target?: string): Hook {
  return async (name, go, args) => {
    if (name !== call || (target !== undefined && (args[0] as { name: string }).name !== target)) return go();
    const writes = args[1] as readonly { readonly key: Key }[];
    const isRefused = ({ key }: { readonly key: Key }) => key.includes(part);
    (args as unknown[])[1] = writes.filter((write) => !isRefused(write));
    const answers = (await go()) as unknown[];
    return writes.map((write) => (isRefused(write) ? { refused: 'it is too large' } : answers.shift()));
  };
}

/** Stops the first call of this name, before or after its effect, until it is released. */
export function halt(call: string, when: 'before' | 'after' = 'before') {
  const { promise: letGo, resolve: goOn } = Promise.withResolvers<void>();
  const { promise: reached, resolve: arrive } = Promise.withResolvers<void>();
  let halted = false;
  const hook: Hook = async (name, go) => {
    if (name !== call || halted) return go();
    halted = true;
    const answer = when === 'after' ? await go() : undefined;
    arrive();
    await letGo;
    return when === 'after' ? answer : go();
  };
  return { hook, reached, goOn };
}
