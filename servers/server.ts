/**
 * A real server as a child process. It is started in a folder on free ports of 127.0.0.1, and is ready when its own protocol answers. Fault
 * tests kill it and start it again on the same data. It ends when the process that started it ends, for whatever reason.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isGone, processTree } from './processes.ts';

export { freePorts } from './ports.ts';

export interface Server {
  readonly name: string;
  /** Its address in the form of the adapter's configuration: `redis://127.0.0.1:6379`. The same after every start. */
  readonly url: string;
  /** Undefined while it is not running. */
  readonly pid: number | undefined;
  /** Starts it again with the same data and ports, and waits until it answers. */
  start(): Promise<void>;
  /** Asks it to end (SIGTERM) and waits. Sends SIGKILL after 20 s. */
  stop(): Promise<void>;
  /** Sends SIGKILL to it and its descendants, and waits until they are gone. */
  kill(): Promise<void>;
  /** Sends SIGSTOP to it and its descendants. It keeps its connections and does not answer. */
  pause(): void;
  /** Sends SIGCONT. */
  resume(): void;
}

export interface Recipe {
  readonly name: string;
  readonly url: string;
  /** Created if missing. The output goes to `<folder>/<name>.log`. */
  readonly folder: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The command that runs it, if root must not run it: see `unprivileged`. */
  readonly by?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it answers in its own protocol. Errors count as "not yet". */
  readonly ready: () => Promise<boolean>;
  /** How long it may take until it answers. */
  readonly readyMs?: number;
  /** The signal that ends it cleanly, if not SIGTERM. */
  readonly endsBy?: NodeJS.Signals;
}

const PAUSE_MS = 50;
const STOP_MS = 20_000;
const READY_MS = 300_000;
const LINES_OF_LOG = 30;

/** Starts it and returns when it is ready. If it ends before that or takes too long, throws an error with the end of its output. */
export async function startServer(recipe: Recipe): Promise<Server> {
  const { name, url, folder, command, args, ready, readyMs = READY_MS, endsBy = 'SIGTERM' } = recipe;
  mkdirSync(folder, { recursive: true });
  const log = join(folder, `${name}.log`);
  let running: { readonly child: ChildProcess; readonly ended: Promise<void> } | undefined;

  async function start(): Promise<void> {
    if (running !== undefined) return;
    const output = openSync(log, 'a');
    // The kernel ends it with its parent, so a killed test leaves no server behind.
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
    // Its children may briefly outlive it and hold its ports and data, so that it could not be started again.
    const tree = processTree(child.pid);
    if (signal === 'SIGKILL') sendAll(tree, 'SIGKILL');
    else child.kill(signal);
    // A paused process gets other signals only after SIGCONT.
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
