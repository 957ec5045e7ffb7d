/** `tributary topics export`: writes all events as an AsyncAPI document and JSON Schemas, to the standard output or as files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VERSION } from '../../../app/version.ts';
import { messageOf } from '../../../core/errors.ts';
import { ASYNCAPI, exportedFiles } from '../../../topics/export/files.ts';
import { print } from '../../context.ts';
import type { RunForCaller } from '../../descriptor.ts';
import { usage } from '../../errors.ts';

export const run: RunForCaller<{ readonly out: string | null }> = async (caller, streams, { out }) => {
  const { platform } = await caller.platform();
  const files = exportedFiles({ ...platform, version: VERSION });
  if (out === null) {
    await print(streams, (files.get(ASYNCAPI) ?? '').trimEnd());
    return 0;
  }
  for (const [path, text] of files) write(join(out, path), text);
  await print(streams, `${join(out, ASYNCAPI)} and ${files.size - 1} schemas in ${join(out, 'schemas')} were written`);
  return 0;
};

function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (error) {
    throw usage(`${file} cannot be written: ${messageOf(error)}`);
  }
}
