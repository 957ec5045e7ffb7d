/** What `tributary doctor` checks about a bucket, by writing, reading and removing a test object. */
import { randomUUID } from 'node:crypto';
import { TributaryError } from '../../../core/errors.ts';
import { clockFinding, type Finding, ok, problem } from '../../../core/finding.ts';
import type { Objects } from '../port.ts';
import type { S3Options } from './connection.ts';
import { s3Objects } from './objects.ts';

/** Throws if the server does not answer, or refuses a request. */
export async function diagnoseS3(options: S3Options): Promise<Finding[]> {
  const objects = s3Objects(options);
  try {
    return await objectsFindings(objects, `doctor/${randomUUID()}`);
  } finally {
    await objects.close();
  }
}

export async function objectsFindings(objects: Objects, name: string): Promise<Finding[]> {
  const asked = Date.now();
  await objects.create(name, Buffer.from('first'));
  const answered = Date.now();
  try {
    const isConditional = await refusesSecond(objects, name);
    const found = await objects.head(name);
    for await (const _ of await objects.get(name)) break;
    for await (const _ of objects.list('doctor/')) break;
    return [
      ok('objects', 'S3: an object was written, read, listed and removed'),
      isConditional
        ? ok('objects: conditional writes', 'a name that is taken is refused')
        : problem(
            'objects: conditional writes',
            'an object was written over although it was to be created only if absent',
            'use a server that knows If-None-Match: without it, two owners of a table can both commit',
          ),
      // S3's times are whole seconds, possibly rounded down.
      ...(found === undefined ? [] : [clockFinding('objects: clock', found.modifiedAt, asked - 1000, answered + 1000)]),
    ];
  } finally {
    await objects.remove(name);
  }
}

async function refusesSecond(objects: Objects, name: string): Promise<boolean> {
  try {
    await objects.create(name, Buffer.from('second'));
    return false;
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'ALREADY_EXISTS') return true;
    throw error;
  }
}
