/**
 * Objects in memory for a trial of Delta tables. Every call waits for its turn. It may fail before or after its effect, take effect
 * later, or be the last call of its process. `commits` keeps everything that was ever in the log, whatever is cleaned up.
 */
import { setImmediate } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';
import type { ObjectBody, ObjectInfo, Objects } from '../../sinks/objects/port.ts';

export class Crash extends Error {}

export interface Trouble {
  /** The probability for each call, from 0 to 1; also `away`. */
  crash: number;
  away: number;
}

export interface Process {
  readonly objects: Objects;
}

const COMMIT = /_delta_log\/(\d{20})\.json$/;

/** A generator of numbers from 0 to 1; equal seeds give equal numbers. */
export function drawsOf(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class TrialStore {
  readonly stored = new Map<string, { readonly body: Buffer; readonly modifiedAt: number }>();
  /** The log: for each version, the first commit that was written. */
  readonly commits: Buffer[] = [];
  now = Date.UTC(2026, 10, 30);
  readonly draw: () => number;
  readonly trouble: Trouble;
  readonly #waiting: { readonly run: () => void; readonly since: number | undefined }[] = [];
  readonly #late: { readonly run: () => void; readonly since: number; in: number }[] = [];
  /** Called with the name of every object that is removed. */
  onRemove: (name: string) => void = () => {};

  constructor(draw: () => number, trouble: Trouble) {
    this.draw = draw;
    this.trouble = trouble;
  }

  /** Whether every write in progress began less than `ms` ago. */
  isYoung(ms: number): boolean {
    const since = [...this.#waiting, ...this.#late].flatMap((each) => each.since ?? []);
    return since.every((begun) => this.now - begun < ms);
  }

  /** Whether no write is still to take effect after its answer. */
  get isSettled(): boolean {
    return this.#late.length === 0;
  }

  /** Waits for a turn. */
  turn(isWrite = false): Promise<void> {
    return new Promise((run) => this.#waiting.push({ run, since: isWrite ? this.now : undefined }));
  }

  /** Grants turns at random until all actors are done. Only one call runs at a time. */
  async runAll(actors: readonly Promise<void>[]): Promise<void> {
    let running = actors.length;
    const ended = Promise.all(actors.map((actor) => actor.finally(() => running--)));
    ended.catch(() => undefined);
    for (;;) {
      await quiet();
      for (const late of this.#late.filter((each) => each.in-- <= 0)) {
        this.#late.splice(this.#late.indexOf(late), 1);
        late.run();
      }
      const [next] = this.#waiting.splice(Math.floor(this.draw() * this.#waiting.length), 1);
      if (next === undefined && running === 0) break;
      this.now += Math.floor(this.draw() * 4000);
      next?.run();
    }
    for (const { run } of this.#late) run();
    await ended;
  }

  infoOf(name: string): ObjectInfo | undefined {
    const found = this.stored.get(name);
    return found && { name, bytes: found.body.length, modifiedAt: found.modifiedAt };
  }

  put(name: string, body: Buffer): ObjectInfo {
    this.stored.set(name, { body, modifiedAt: this.now });
    return { name, bytes: body.length, modifiedAt: this.now };
  }

  create(name: string, body: Buffer): ObjectInfo {
    if (this.stored.has(name)) throw new TributaryError('ALREADY_EXISTS', `there is an object ${name}`);
    const version = COMMIT.exec(name)?.[1];
    if (version !== undefined) this.commits[Number(version)] ??= body;
    return this.put(name, body);
  }

  remove(name: string): void {
    if (this.stored.delete(name)) this.onRemove(name);
  }

  /** A process, which a crash ends. */
  process(): Process {
    let isDead = false;
    const roll = (chance: number): boolean => this.draw() < chance;
    const die = (): never => {
      isDead = true;
      throw new Crash('the process was killed');
    };
    const away = () => new TributaryError('OBJECTS_AWAY', 'the objects do not answer; waiting for them');
    const call = async <T>(effect: () => T, isWrite: boolean): Promise<T> => {
      await this.turn(isWrite);
      if (isDead || roll(this.trouble.crash)) die();
      if (roll(this.trouble.away)) {
        const late = () => {
          try {
            effect();
          } catch {}
        };
        if (isWrite && roll(0.6)) {
          if (roll(0.5)) late();
          else this.#late.push({ run: late, since: this.now, in: Math.floor(this.draw() * 30) });
        }
        throw away();
      }
      const answer = effect();
      if (isWrite && roll(this.trouble.crash)) die();
      return answer;
    };
    const whole = async (body: ObjectBody): Promise<Buffer> => {
      return body instanceof Uint8Array ? Buffer.from(body) : Buffer.concat(await Array.fromAsync(body));
    };
    const objects: Objects = {
      put: async (name, body) => {
        const bytes = await whole(body);
        return call(() => this.put(name, bytes), true);
      },
      create: async (name, body) => {
        const bytes = await whole(body);
        return call(() => this.create(name, bytes), true);
      },
      get: (name) =>
        call(() => {
          const found = this.stored.get(name);
          if (found === undefined) throw new TributaryError('NOT_FOUND', `there is no object ${name}`);
          return asyncOf([found.body]);
        }, false),
      head: (name) => call(() => this.infoOf(name), false),
      list: (prefix) => {
        const listed = async function* (infos: Promise<ObjectInfo[]>) {
          yield* await infos;
        };
        return listed(
          call(() => {
            const names = [...this.stored.keys()].filter((name) => name.startsWith(prefix)).sort();
            return names.flatMap((name) => this.infoOf(name) ?? []);
          }, false),
        );
      },
      remove: (name) => call(() => this.remove(name), true),
      link: () => Promise.reject(new Error('no links here')),
      close: async () => {},
    };
    return { objects };
  }
}

async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** Waits until every call is waiting for its turn. Nothing here waits for anything else. */
async function quiet(): Promise<void> {
  for (let calm = 0; calm < 2; calm += 1) await setImmediate();
}
