/** The demo and the service, each as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../cli/free-port.ts';

const COMMAND = fileURLToPath(new URL('../../bin/tributary.js', import.meta.url));

const started = (args: readonly string[], stdout: 'pipe' | 'inherit'): ChildProcess =>
  spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', stdout, 'inherit'] });

/** Imports the data set into the folder, as `npm start` does. */
export async function importDemo(folder: string): Promise<void> {
  const [code] = await once(started(['demo', '--once', '--data', folder], 'inherit'), 'exit');
  if (code !== 0) throw new Error(`the demo ended with ${code}`);
}

export interface ServedDemo {
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Runs jobs, report worker and service on the folder. Resolves when the page can be opened. */
export async function serve(folder: string, flags: readonly string[] = []): Promise<ServedDemo> {
  const port = await freePort();
  const child = started(
    ['up', '--serve-port', String(port), '--data', folder, '--log-level', 'warn', ...flags],
    'pipe',
  );
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  if (child.stdout === null) throw new Error('its output is not piped');
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('in a browser')) continue;
    child.stdout.resume();
    return { address: `http://127.0.0.1:${port}`, pid: child.pid as number, stop };
  }
  const [code] = await ended;
  throw new Error(`the service ended with ${code} before it was there`);
}
