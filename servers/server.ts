/**
 * A real server as a process of ours: started in a folder on free ports of 127.0.0.1, ready when its own protocol answers,
 * killed and started again on the same data by those who test faults. It ends when the process that started it ends, however
 * that one ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isGone, processTree } from './processes.ts';

export { freePorts } from './ports.ts';

export interface Server {
  readonly name: string;
  /** Where it is, as its adapter is configured: `redis://127.0.0.1:6379`. The same after every start. */
  readonly url: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Starts it again, with the data and the ports it had, and waits until it answers. */
  start(): Promise<void>;
  /** Asks it to end (SIGTERM), and waits; after 20 s by SIGKILL. */
  stop(): Promise<void>;
  /** SIGKILL to it and all that it started, and waits until they are gone. */
  kill(): Promise<void>;
  /** SIGSTOP to it and all that it started: it keeps its connections and answers nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
}

export interface Recipe {
  readonly name: string;
  readonly url: string;
  /** Made if missing. Its output goes to `<folder>/<name>.log`. */
  readonly folder: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What the command is run by, for one that must not be run by root: see `unprivileged`. */
  readonly by?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it answers in its own protocol; errors count as "not yet". */
  readonly ready: () => Promise<boolean>;
  /** How long it may take to answer. */
  readonly readyMs?: number;
  /** The signal that ends it cleanly, if not SIGTERM. */
  readonly endsBy?: NodeJS.Signals;
}

const PAUSE_MS = 50;
const STOP_MS = 20_000;
const READY_MS = 300_000;
const LINES_OF_LOG = 30;

/** Starts it and answers when it is ready. Throws, with the end of its output, when it ends before or takes too long. */
export async function startServer(recipe: Recipe): Promise<Server> {
  const { name, url, folder, command, args, ready, readyMs = READY_MS, endsBy = 'SIGTERM' } = recipe;
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${name}.log`);
  let running: { readonly child: ChildProcess; readonly ended: Promise<void> } | undefined;

  async function start(): Promise<void> {
    if (running !== undefined) return;
    const output = openSync(log, 'a');
    // The kernel ends it with its parent: a test that was killed leaves no server behind.
    const [first = '', ...rest] = [...(recipe.by ?? []), 'setpriv', '--pdeathsig=KILL', '--', command, ...args];
    const child = spawn(first, rest, {
      cwd: folder,
      env: { ...process.env, ...recipe.env },
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    }).then(() => {
      if (running?.child === child) running = undefined;
    });
    running = { child, ended };
    const deadline = Date.now() + readyMs;
    while (!(await ready().catch(() => false))) {
      if (running?.child !== child) throw new Error(`${name} ended while it started:\n${endOf(log)}`);
      if (Date.now() > deadline) {
        await end('SIGKILL');
        throw new Error(`${name} did not answer within ${readyMs} ms:\n${endOf(log)}`);
      }
      await sleep(PAUSE_MS);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (running === undefined) return;
    const { child, ended } = running;
    // What it started may outlive it for a moment, holding its ports and its data: then it could not be started again.
    const tree = processTree(child.pid);
    if (signal === 'SIGKILL') sendAll(tree, 'SIGKILL');
    else child.kill(signal);
    // A paused one gets no other signal before this one.
    if (signal !== 'SIGKILL') sendAll(tree, 'SIGCONT');
    const late = setTimeout(() => sendAll(processTree(child.pid), 'SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(late);
    const deadline = Date.now() + STOP_MS;
    while (!tree.every(isGone)) {
      if (Date.now() > deadline) sendAll(tree, 'SIGKILL');
      await sleep(PAUSE_MS);
    }
  }

  const server: Server = {
    name,
    url,
    get pid() {
      return running?.child.pid;
    },
    start,
    stop: () => end(endsBy),
    kill: () => end('SIGKILL'),
    pause: () => sendAll(processTree(running?.child.pid), 'SIGSTOP'),
    resume: () => sendAll(processTree(running?.child.pid), 'SIGCONT'),
  };
  await start();
  return server;
}

function sendAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function endOf(log: string): string {
  return readFileSync(log, 'utf8').split('\n').slice(-LINES_OF_LOG).join('\n');
}
