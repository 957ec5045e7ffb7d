/** Python programs that read Delta tables, installed in `.servers/readers` of the checkout: see `run.ts`. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const PROGRAM = join(import.meta.dirname, 'readers.py');

/** If this variable is set, tests fail without the readers instead of being skipped. */
export const REQUIRED_VARIABLE = 'READERS_REQUIRED';
export const requirementsFile = REQUIREMENTS;

/** The folder of the installation. Each list of versions has its own. */
export function readersFolder(): string {
  const sum = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  return join(import.meta.dirname, '../../.servers/readers', sum);
}

/** Whether the installation was completed. */
export const isInstalled = (): boolean => existsSync(join(readersFolder(), 'installed'));

export type ReadRows = Readonly<Record<'deltalake' | 'polars' | 'daft', unknown[]>>;

export interface Readers {
  /** Calls one of the functions at the end of `readers.py`. Throws the error of the function. */
  ask<T>(what: string, table: string, more?: object): Promise<T>;
  close(): void;
}

export function startReaders(): Readers {
  const child = spawn(join(readersFolder(), 'bin/python'), [PROGRAM], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, DO_NOT_TRACK: 'true', DAFT_ANALYTICS_ENABLED: '0' },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk}`.slice(-4000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    ask<T>(what: string, table: string, more: object = {}): Promise<T> {
      const answer = turn.then(async () => {
        child.stdin.write(`${JSON.stringify({ do: what, table, ...more })}\n`);
        const { value } = await lines.next();
        if (value === undefined) throw new Error(`the readers have ended: ${stderr}`);
        const { ok, error } = JSON.parse(value) as { ok?: T; error?: string };
        if (error !== undefined) throw new Error(error);
        return ok as T;
      });
      turn = answer.catch(() => undefined);
      return answer;
    },
    close() {
      child.stdin.end();
    },
  };
}
