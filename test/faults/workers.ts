/** Worker processes: `tributary run` with some jobs, observed through their log lines. They end with the process that started them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Ownership } from './pauses.ts';
import { BOUND_MS, until } from './until.ts';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');
const LINES_KEPT = 40;

interface Line {
  readonly time?: string;
  readonly kind?: string;
  readonly job?: string;
  readonly partition?: number;
  readonly code?: string;
}

/** Starts a command as a process that ends with this one. */
function tributary(folder: string, config: string, args: readonly string[]): ChildProcess {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(?:TRIBUTARY|NODE)_/.test(key));
  const command = [process.execPath, '--max-semi-space-size=8', MAIN, '--config', config, ...args];
  return spawn('setpriv', ['--pdeathsig=KILL', '--', ...command], {
    cwd: folder,
    env: Object.fromEntries(inherited),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs a command until it ends. */
export async function runCommand(folder: string, config: string, args: readonly string[]) {
  const child = tributary(folder, config, args);
  let text = '';
  for (const output of [child.stdout, child.stderr]) output?.on('data', (chunk) => (text += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  return { code, text };
}

export class Worker {
  readonly name: string;
  /** The assignments (`job/partition`) that it owns, according to its log. */
  readonly owned = new Set<string>();
  /** When it claimed partitions and gave them up. */
  readonly ownerships: Ownership[] = [];
  /** How often it lost a partition to a newer owner. */
  fenced = 0;
  /** How often it released a partition that was revoked. */
  released = 0;
  /** How often it waited for a store or server, by error code. */
  readonly waits = new Map<string, number>();
  /** How often it published the counts of a partition. */
  published = 0;
  /** The exit code or signal; undefined while it runs. */
  ended: number | NodeJS.Signals | undefined;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #last: string[] = [];

  constructor(name: string, folder: string, config: string, args: readonly string[]) {
    this.name = name;
    this.#child = tributary(folder, config, args);
    const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      if (output === null) continue;
      output.pipe(log, { end: false });
      createInterface({ input: output }).on('line', (line) => this.#hear(line));
    }
    this.#exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.ended = code ?? signal ?? -1;
        this.owned.clear();
        log.end();
        resolve();
      });
    });
  }

  #hear(text: string): void {
    this.#last.push(text);
    if (this.#last.length > LINES_KEPT) this.#last.shift();
    if (!text.startsWith('{')) return;
    const { time = '', kind, job, partition, code } = JSON.parse(text) as Line;
    const assignment = `${job}/${partition}`;
    if (kind === 'claimed' || kind === 'released' || kind === 'fenced')
      this.ownerships.push({ at: Date.parse(time), assignment, kind });
    if (kind === 'claimed') this.owned.add(assignment);
    if (kind === 'released' || kind === 'fenced' || kind === 'waiting') this.owned.delete(assignment);
    if (kind === 'fenced') this.fenced += 1;
    if (kind === 'released') this.released += 1;
    if (kind === 'published') this.published += 1;
    if ((kind === 'waiting' || kind === 'job-waiting' || kind === 'view-late') && code !== undefined)
      this.waits.set(code, (this.waits.get(code) ?? 0) + 1);
  }

  /** The last lines of its output. */
  get tail(): string {
    return this.#last.join('\n');
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async exit(): Promise<number | NodeJS.Signals | undefined> {
    await this.#exited;
    return this.ended;
  }

  /** Waits until it owns at least this many partitions. */
  async owns(count: number): Promise<void> {
    await until(
      `${this.name} has ${count} partitions`,
      () => {
        if (this.ended !== undefined) throw new Error(`${this.name} ended with ${this.ended}:\n${this.tail}`);
        return this.owned.size >= count;
      },
      () => `(it has ${this.owned.size}):\n${this.tail}`,
    );
  }
}

/** The workers of an installation. A worker that ends without being stopped is a finding. */
export class Fleet {
  readonly #folder: string;
  readonly #configOf: (worker: string) => string;
  readonly #args: readonly string[];
  #started = 0;
  readonly #running = new Set<Worker>();
  readonly #all: Worker[] = [];
  readonly #stopped = new Set<Worker>();

  /** @param configOf returns the configuration file of a worker, by name */
  constructor(folder: string, configOf: (worker: string) => string, args: readonly string[]) {
    this.#folder = folder;
    this.#configOf = configOf;
    this.#args = args;
  }

  get running(): readonly Worker[] {
    return [...this.#running].filter(({ ended }) => ended === undefined);
  }

  /** Of all workers, including those that ended. */
  get ownerships(): Ownership[] {
    return this.#all.flatMap(({ ownerships }) => ownerships);
  }

  /** Of all workers, including those that ended. */
  get fenced(): number {
    return this.#all.reduce((sum, { fenced }) => sum + fenced, 0);
  }

  /** Starts this many workers at once, and waits until each owns a partition. */
  async start(count: number): Promise<Worker[]> {
    const workers = Array.from({ length: count }, () => this.startOne());
    await Promise.all(workers.map((worker) => worker.owns(1)));
    return workers;
  }

  startOne(): Worker {
    this.#started += 1;
    const name = `worker-${this.#started}`;
    const worker = new Worker(name, this.#folder, this.#configOf(name), this.#args);
    this.#running.add(worker);
    this.#all.push(worker);
    return worker;
  }

  async kill(worker: Worker): Promise<void> {
    this.#dismiss(worker);
    worker.signal('SIGKILL');
    await worker.exit();
  }

  /** Asks it to stop, as a supervisor does. Returns its exit code or signal. */
  async stop(worker: Worker): Promise<number | NodeJS.Signals | undefined> {
    this.#dismiss(worker);
    worker.signal('SIGTERM');
    const late = setTimeout(() => worker.signal('SIGKILL'), BOUND_MS);
    const code = await worker.exit();
    clearTimeout(late);
    return code;
  }

  async killAll(): Promise<void> {
    await Promise.all(this.running.map((worker) => this.kill(worker)));
  }

  /** Workers that ended without being stopped, with their output. */
  deserters(): string[] {
    return this.#all
      .filter((worker) => worker.ended !== undefined && !this.#stopped.has(worker))
      .map((worker) => `${worker.name} ended with ${worker.ended}:\n${worker.tail}`);
  }

  /** How often all workers together waited, by error code. */
  waits(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { waits } of this.#all) for (const [code, count] of waits) sums.set(code, (sums.get(code) ?? 0) + count);
    return sums;
  }

  #dismiss(worker: Worker): void {
    this.#stopped.add(worker);
    this.#running.delete(worker);
  }
}
