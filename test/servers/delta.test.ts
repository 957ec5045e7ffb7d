/** Delta tables in a bucket of a real S3 server. */
import { running } from '../../servers/running.ts';
import { deltaContract } from '../contracts/delta.ts';
import { storeOf } from './s3-store.ts';

const server = await running('s3');

deltaContract('S3', async (t) => (await storeOf(t, server.url)).objects);
