/** Starts `client.ts`, and records its acknowledgements. It ends with the process that started it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './until.ts';

export interface Client {
  readonly lines: readonly string[];
  /** Waits until it has printed this many more lines with this beginning. */
  beginsWith(beginning: string, more: number): Promise<void>;
  /** Lets it finish. Returns its exit code and its error output. */
  end(): Promise<{ readonly code: number | null; readonly errors: string }>;
}

export function startClient(kind: 'requests' | 'objects', url: string): Client {
  const script = join(import.meta.dirname, 'client.ts');
  const child = spawn('setpriv', ['--pdeathsig=KILL', '--', process.execPath, script, kind, url]);
  const lines: string[] = [];
  let errors = '';
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  let isGone = false;
  void exited.then(() => {
    isGone = true;
  });
  return {
    lines,
    async beginsWith(beginning, more) {
      const count = (): number => lines.filter((line) => line.startsWith(beginning)).length;
      const wanted = count() + more;
      await until(
        `the client says "${beginning}" ${more} times more`,
        () => {
          if (isGone) throw new Error(`the client ended:\n${errors}`);
          return count() >= wanted;
        },
        () => lines.slice(-10).join('\n'),
      );
    },
    async end() {
      child.stdin.end();
      return { code: await exited, errors };
    },
  };
}
