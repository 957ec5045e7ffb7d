/** Many followers of one address of the service. */
import { get, type IncomingMessage } from 'node:http';

export interface Followers extends AsyncDisposable {
  /** When the first and the last follower get the next record, by `performance.now()`. Call it before making the change. */
  changed(): Promise<{ readonly first: number; readonly last: number }>;
}

/** Starts a follower for each bearer. Resolves when all of them have the current record. */
export async function followers(address: string, bearers: readonly string[]): Promise<Followers> {
  const notify: (event: string) => void = (event) => {
    for (const each of listeners) each(event);
  };
  const listeners = new Set<(event: string) => void>();
  const responses: IncomingMessage[] = [];
  const counted = (event: string, wanted: number): Promise<{ first: number; last: number }> => {
    const { promise, resolve } = Promise.withResolvers<{ first: number; last: number }>();
    const times: number[] = [];
    const listener = (each: string): void => {
      if (each !== event) return;
      times.push(performance.now());
      if (times.length < wanted) return;
      listeners.delete(listener);
      resolve({ first: times[0] ?? 0, last: times.at(-1) ?? 0 });
    };
    listeners.add(listener);
    return promise;
  };
  const current = counted('current', bearers.length);
  for (const bearer of bearers) responses.push(await opened(address, bearer, notify));
  await current;
  return {
    changed: () => counted('record', bearers.length),
    async [Symbol.asyncDispose]() {
      for (const response of responses) response.destroy();
    },
  };
}

function opened(address: string, bearer: string, notify: (event: string) => void): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = get(address, { agent: false, headers: { authorization: `Bearer ${bearer}` } }, (response) => {
    if (response.statusCode !== 200) reject(new Error(`a follower is answered with ${response.statusCode}`));
    response.setEncoding('utf8');
    let rest = '';
    response.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('event:')) notify(line.slice('event:'.length).trim());
    });
    response.on('error', () => {});
    resolve(response);
  });
  request.on('error', reject);
  return promise;
}
