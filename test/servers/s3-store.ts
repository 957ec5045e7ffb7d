/** A bucket of a real S3 server for one test, and what a test can ask the server itself. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { CreateBucketCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY } from '../../servers/s3.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import type { S3Options } from '../../sinks/objects/s3/connection.ts';
import { s3Objects } from '../../sinks/objects/s3/objects.ts';

const CREDENTIALS = { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY };

export interface Store {
  readonly objects: Objects;
  readonly bucket: string;
  /** `s3://<bucket>/<prefix>?endpoint=…`, without credentials. */
  readonly url: string;
  readonly credentials: typeof CREDENTIALS;
  /** The server's own client. */
  readonly client: S3Client;
  /** The keys of uploads that are neither complete nor aborted. */
  uploads(): Promise<string[]>;
}

/** @param endpoint of the adapter, if different from the server's */
export async function storeOf(
  t: TestContext,
  server: string,
  options: Partial<S3Options> = {},
  endpoint = server,
): Promise<Store> {
  const bucket = `t-${randomUUID()}`;
  const client = new S3Client({
    endpoint: server,
    region: S3_REGION,
    forcePathStyle: true,
    credentials: CREDENTIALS,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  const url = `s3://${bucket}/some/prefix?endpoint=${endpoint}`;
  const objects = s3Objects({ url, credentials: CREDENTIALS, ...options });
  t.after(async () => {
    await objects.close();
    client.destroy();
  });
  return {
    objects,
    bucket,
    url,
    credentials: CREDENTIALS,
    client,
    async uploads() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return Uploads.map(({ Key }) => Key ?? '');
    },
  };
}
