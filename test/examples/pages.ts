/** Reads the steps of a page, so that a test can follow them. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Change {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** The changes in blocks of `diff`. Each changes the file that the page named last. */
export function changesIn(page: string): Change[] {
  const changes: Change[] = [];
  let file = '';
  for (const [, name, diff] of page.matchAll(/`([\w.-]+\.ts)`|^```diff\n([\s\S]*?)^```/gm)) {
    if (name !== undefined) file = name;
    if (diff === undefined) continue;
    const lines = diff.split('\n').slice(0, -1);
    const without = (sign: string): string =>
      lines.flatMap((line) => (line.startsWith(sign) ? [] : [`${line.slice(1)}\n`])).join('');
    changes.push({ file, before: without('+'), after: without('-') });
  }
  return changes;
}

export function change(folder: string, { file, before, after }: Change): void {
  const parts = readFileSync(join(folder, file), 'utf8').split(before);
  assert.equal(parts.length, 2, `${file} has once, and not ${parts.length - 1} times:\n${before}`);
  writeFileSync(join(folder, file), parts.join(after));
}

export interface Command {
  /** The words after `tributary`. */
  readonly words: readonly string[];
  /** The text piped into the command. */
  readonly input: string;
}

/** The commands of a page that run `npx tributary`. */
export function commandsIn(page: string): Command[] {
  return [...page.matchAll(/^ *(?:echo '(.*)' \| )?npx tributary ([^#\n]*)/gm)].map(([, input = '', line = '']) => ({
    words: line.trim().split(/ +/),
    input,
  }));
}
