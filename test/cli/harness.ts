/** The command line as users run it: in a process and a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** A file descriptor for the standard output. `Ended.stdout` is empty then. */
  readonly stdout?: number;
  /** The script to run instead of this project's command. */
  readonly entry?: string;
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a command to its end, with `folder` as the working directory. Its data are in `folder/data`. */
export async function tributary(
  folder: string,
  args: readonly string[],
  { input = '', env, stdout, entry }: Options = {},
): Promise<Ended> {
  const { child, ended } = start(folder, args, { env, stdout, entry });
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return ended;
}

/** The folder of a new installation without events. */
export async function begunFolder(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  await tributary(folder, ['topics', 'apply']);
  return folder;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Settles when the standard output contains the text. Rejects if the process ends first. */
  readonly printed: (text: string) => Promise<void>;
}

/** Starts a command that keeps running. It is killed when the test is over, if it is still running. */
export function running(t: TestContext, folder: string, args: readonly string[], env?: Options['env']): Running {
  const one = start(folder, args, { env });
  t.after(async () => {
    one.child.kill('SIGKILL');
    const { stdout, stderr } = await one.ended;
    if (!(t as { readonly passed?: boolean }).passed)
      t.diagnostic(`tributary ${args.join(' ')} said:\n${stdout}${stderr}`);
  });
  return one;
}

/** `tributary up`, as soon as its jobs run. */
export async function up(t: TestContext, folder: string, args: readonly string[] = []): Promise<Running> {
  const one = running(t, folder, ['up', ...args]);
  await one.printed('and a report worker are running');
  return one;
}

function start(
  folder: string,
  args: readonly string[],
  { env, stdout, entry = MAIN }: { [K in keyof Options]?: Options[K] | undefined },
): Running {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('TRIBUTARY_') && !name.startsWith('NODE_'),
  );
  const child = spawn(process.execPath, [entry, ...args], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['pipe', stdout ?? 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...text }));
  });
  const printed = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!text.stdout.includes(wanted)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
      ended.then(() => reject(new Error(`it ended without saying "${wanted}": ${text.stdout}${text.stderr}`)), reject);
    });
  return { child, ended, printed };
}

export const ndjson = (...values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

export const enrolled = (userId: string, batchId = 'b1') => ({
  type: 'enrollment.enrolled',
  data: { userId, courseId: 'c1', batchId, method: '' },
});
