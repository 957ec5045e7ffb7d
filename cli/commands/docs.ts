/** `tributary docs`: writes the pages that follow from the declarations of the platform, for producers and readers. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { pagesOf } from '../../docs/pages.ts';
import { print } from '../context.ts';
import type { RunForCaller } from '../descriptor.ts';
import { FAILED, usage } from '../errors.ts';

interface Args {
  readonly folder: string;
  /** Writes nothing, and fails if a page differs from what would be written. */
  readonly check: boolean;
}

export const run: RunForCaller<Args> = async (caller, streams, { folder, check }) => {
  const { platform } = await caller.platform();
  let stale = 0;
  for (const [name, page] of Object.entries(pagesOf(platform, 'tributary docs'))) {
    const file = join(folder, name);
    if (check) {
      if (existsSync(file) && readFileSync(file, 'utf8') === page) continue;
      stale += 1;
      streams.stderr.write(
        `error: ${file} is not what the platform declares; write it with \`tributary docs ${folder}\`\n`,
      );
      continue;
    }
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, page);
    } catch (error) {
      throw usage(`${file} cannot be written: ${messageOf(error)}`);
    }
    await print(streams, file);
  }
  return stale > 0 ? FAILED : 0;
};
