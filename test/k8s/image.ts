/** Runs the Dockerfile without a container engine: it executes the steps of a stage in a folder instead of a layer. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** The instructions of a stage. Without a name, those of the last stage, which has none. */
export function stage(name?: string): Instruction[] {
  const text = readFileSync(join(ROOT, 'k8s/Dockerfile'), 'utf8').replace(/^#.*\n/gm, '');
  const instructions = text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ word: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));
  const begins = instructions.findIndex(
    ({ word, rest }) => word === 'FROM' && (name === undefined ? !/ AS /.test(rest) : rest.endsWith(` AS ${name}`)),
  );
  const ends = instructions.findIndex(({ word }, at) => at > begins && word === 'FROM');
  return instructions.slice(begins + 1, ends === -1 ? undefined : ends);
}

export const restsOf = (instructions: readonly Instruction[], word: string): string[] =>
  instructions.filter((each) => each.word === word).map(({ rest }) => rest);

/** Executes a stage in a folder that stands for `/`. `from` has the files that are copied from other stages, by name. */
export function follow(
  instructions: readonly Instruction[],
  { root, from, env }: { root: string; from: Readonly<Record<string, string>>; env: NodeJS.ProcessEnv },
): void {
  let folder = root;
  for (const { word, rest } of instructions) {
    if (word === 'WORKDIR') {
      folder = join(root, rest);
      mkdirSync(folder, { recursive: true });
    } else if (word === 'COPY') {
      const [, ...paths] = rest.split(' ');
      for (const path of paths.slice(0, -1)) cpSync(from[basename(path)] ?? path, join(folder, basename(path)));
    } else if (word === 'RUN') {
      execFileSync('sh', ['-euc', rest], { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'] });
    } else throw new Error(`${word} is not followed here: teach follow() what it does`);
  }
}
