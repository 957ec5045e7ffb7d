/** A test server with the protocol of Trino, and an engine that queries it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { trinoQueryEngine } from '../../sinks/query/trino/engine.ts';
import { temporaryFolder } from '../contracts/delta-samples.ts';
import { lakeOf } from '../contracts/query-samples.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
/** The answer to one request: JSON or text, with a status. Undefined breaks the connection. */
export type Answering = (asked: Asked, base: string) => { status?: number; json?: object; text?: string } | undefined;

/** A server that answers like this: the requests that it got, and an engine that queries it. */
export async function answeredBy(t: TestContext, answering: Answering, patienceMs = 2000) {
  const asked: Asked[] = [];
  let base = '';
  async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const one = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    asked.push(one);
    const answer = answering(one, base);
    if (answer === undefined) return void response.destroy();
    response.writeHead(answer.status ?? 200).end(answer.text ?? JSON.stringify(answer.json ?? {}));
  }
  const server = createServer((request, response) => void reply(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  base = `http://127.0.0.1:${port}`;
  const folder = await temporaryFolder(t);
  const lake = await lakeOf(t, directoryObjects(`${folder}/objects`));
  const url = `trino://ana%20b@127.0.0.1:${port}/lake/reports?location=s3://bucket/prefix`;
  const engine = await trinoQueryEngine({ ...lake, url, folder: `${folder}/log`, patienceMs });
  t.after(() => engine.close());
  return { asked, engine, lake };
}

export const LONG = [{ name: 'n', type: 'bigint' }];
