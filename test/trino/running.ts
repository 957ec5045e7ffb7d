/** A Trino of two nodes over a folder and a bucket, for the tests of this folder. It is started once per test file, and stopped with it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import type { Group } from '../../servers/group.ts';
import { S3_ACCESS_KEY, S3_SECRET_KEY, startS3 } from '../../servers/s3.ts';
import { startTrino } from '../../servers/trino.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { s3Objects } from '../../sinks/objects/s3/objects.ts';
import { duckQueryEngine } from '../../sinks/query/duckdb/engine.ts';
import type { QueryEngine } from '../../sinks/query/port.ts';
import { trinoQueryEngine } from '../../sinks/query/trino/engine.ts';
import { type Lake, lakeOf } from '../contracts/query-samples.ts';

const BUCKET = 'lake';

export interface OnTrino {
  readonly lake: Lake;
  readonly engine: QueryEngine;
  /** The same lake, queried by DuckDB in this process. */
  readonly duck: QueryEngine;
}

export interface RunningTrino {
  readonly server: Group;
  /** The data folder of the catalog `lake`, and the URL of the catalog. */
  readonly data: string;
  readonly url: string;
  /** A separate lake for one test. */
  inFolder(t: TestContext): Promise<OnTrino>;
  onS3(t: TestContext): Promise<OnTrino>;
}

export async function runningTrino(): Promise<RunningTrino> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-trino-'));
  const data = join(folder, 'data');
  const lakeFolder = join(data, 'objects');
  mkdirSync(lakeFolder, { recursive: true });
  const s3 = await startS3({ folder: join(folder, 's3'), buckets: [BUCKET] });
  const server = await startTrino({
    folder: join(folder, 'trino'),
    lake: lakeFolder,
    s3: { endpoint: s3.url, bucket: BUCKET },
  });
  after(async () => {
    await Promise.all([server.kill(), s3.kill()]);
    rmSync(folder, { recursive: true, force: true });
  });
  const urlOf = (kind: 'lake' | 's3lake', location: string): string =>
    `trino://reports@127.0.0.1:${new URL(server.url).port}/${kind}/reports?location=${location}`;
  let lakes = 0;
  async function made(t: TestContext, kind: 'lake' | 's3lake'): Promise<OnTrino> {
    lakes += 1;
    const credentials = { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY };
    const objects =
      kind === 'lake'
        ? directoryObjects(lakeFolder)
        : s3Objects({ url: `s3://${BUCKET}/some/prefix?endpoint=${s3.url}`, credentials });
    const lake = await lakeOf(t, objects, `lake${lakes}`);
    const location = kind === 'lake' ? 'local:///' : `s3://${BUCKET}/some/prefix`;
    const scratch = join(folder, `scratch${lakes}`);
    const engine = await trinoQueryEngine({
      ...lake,
      url: urlOf(kind, location),
      folder: join(scratch, 'log'),
      patienceMs: 120_000,
    });
    const duck = await duckQueryEngine({
      ...lake,
      folder: scratch,
      location: lakeFolder,
      cacheBytes: 100_000_000,
      memoryBytes: 200_000_000,
      threads: 1,
    });
    t.after(async () => {
      await engine.close();
      await duck.close();
      await objects.close();
    });
    return { lake, engine, duck };
  }
  return {
    server,
    data,
    url: urlOf('lake', 'local:///'),
    inFolder: (t) => made(t, 'lake'),
    onS3: (t) => made(t, 's3lake'),
  };
}
