/** Several processes that form one server: the brokers of a Kafka cluster, the nodes of a Redis cluster. */
import type { Server } from './server.ts';

export interface Group extends Server {
  /** Each node can be killed, paused and restarted separately. */
  readonly nodes: readonly Server[];
}

/**
 * Every operation applies to all nodes at once. Its pid is that of the first running node.
 *
 * @param ready a further condition for the group to count as started
 */
export function group(name: string, url: string, nodes: readonly Server[], ready?: () => Promise<void>): Group {
  const each = async (act: (node: Server) => Promise<void>): Promise<void> => {
    await Promise.all(nodes.map(act));
  };
  return {
    name,
    url,
    nodes,
    get pid() {
      return nodes.find(({ pid }) => pid !== undefined)?.pid;
    },
    start: () => each((node) => node.start()).then(ready),
    stop: () => each((node) => node.stop()),
    kill: () => each((node) => node.kill()),
    pause: () => nodes.forEach((node) => void node.pause()),
    resume: () => nodes.forEach((node) => void node.resume()),
  };
}

/** Starts them at the same time. If one fails to start, ends those that did. */
export async function startAll<S extends Server>(starting: readonly Promise<S>[]): Promise<S[]> {
  const settled = await Promise.allSettled(starting);
  const started = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed === undefined) return started;
  await Promise.all(started.map((server) => server.kill()));
  throw failed.reason;
}
