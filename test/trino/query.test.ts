/** Queries by a Trino of two nodes, over tables in a folder and on S3. `npm run test:trino` starts all that it needs. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { startTrino } from '../../servers/trino.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { trinoQueryEngine } from '../../sinks/query/trino/engine.ts';
import { queryContract } from '../contracts/query.ts';
import { lakeOf } from '../contracts/query-samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-trino-'));
const lakeFolder = join(folder, 'lake');
mkdirSync(lakeFolder);
const begun = Date.now();
const server = await startTrino({ folder: join(folder, 'trino'), lake: lakeFolder });
console.log(`trino: ready after ${Date.now() - begun} ms`);
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

let lakes = 0;
async function made(t: TestContext) {
  lakes += 1;
  const lake = await lakeOf(t, directoryObjects(lakeFolder), `lake${lakes}`);
  const { port } = new URL(server.url);
  const engine = await trinoQueryEngine({
    ...lake,
    url: `trino://reports@127.0.0.1:${port}/lake/reports?location=local:///`,
    folder: join(folder, 'scratch'),
  });
  t.after(() => engine.close());
  return { lake, engine };
}

queryContract('Trino', made);
