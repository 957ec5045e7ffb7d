/**
 * Only one operator of an installation resolves letters at a time: choosing letters and sending the records that resolve them happen in a
 * turn. Within one process, turns are queued. Another process may take the turn at any time. Then nothing more is sent until this process
 * has taken the turn back and read the letters again. Letters that were resolved meanwhile stay as they are.
 */
import { TributaryError } from '../../core/errors.ts';
import { backOff } from '../../jobs/runtime/back-off.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import type { Exclusive, NewRecord, Transport } from '../../topics/log/transport.ts';
import { type DeadLetter, deadLettersOf, type Log, nameOf } from './letters.ts';

const NAME = 'dead-letters';
/** How often the turn is taken back before it is left to the other process. */
const MOST_TIMES = 6;
const WAIT_MS = [50, 1000] as const;

export class Turn {
  readonly #log: Log;
  #sender: Exclusive;
  /** How often the turn was taken back since records were last sent. */
  #times = 0;
  /** By name, as read when the turn was last taken back; undefined before. */
  #read: ReadonlyMap<string, DeadLetter> | undefined;

  private constructor(log: Log, sender: Exclusive) {
    this.#log = log;
    this.#sender = sender;
  }

  static async take(log: Log): Promise<Turn> {
    return new Turn(log, await senderOf(log));
  }

  /** Produces all records or none. Throws FENCED if another process has the turn by now. After any error the turn has to be taken back. */
  async produce(records: readonly NewRecord[]): Promise<void> {
    await this.#sender.produce(records);
    this.#times = 0;
  }

  /** To be called after an error. Reads the letters again, as far as they still exist. */
  async takeBack(error: TributaryError, letters: readonly DeadLetter[], signal: AbortSignal): Promise<void> {
    if (error.code === 'FENCED') await this.#waitForOthers(signal);
    this.#sender = await senderOf(this.#log);
    const read = await deadLettersOf(this.#log, new Set(letters.map(({ id }) => id)), signal);
    this.#read = new Map(read.map((letter) => [nameOf(letter), letter]));
  }

  async #waitForOthers(signal: AbortSignal): Promise<void> {
    this.#times += 1;
    if (this.#times > MOST_TIMES)
      throw new TributaryError(
        'LOG_AWAY',
        'others keep resolving dead letters at the same time; try again: what is resolved by then is left as it is',
      );
    // Two processes that take the turn from each other without a pause would send nothing.
    await systemClock.sleep(backOff(this.#times, WAIT_MS, Math.random), signal);
    signal.throwIfAborted();
  }

  /** Why a chosen letter is left out after all: it was resolved in the meantime. */
  whyNot(chosen: DeadLetter): string | undefined {
    if (this.#read === undefined) return undefined;
    const resolutions = this.#read.get(nameOf(chosen))?.resolutions ?? [];
    if (resolutions.length <= chosen.resolutions.length) return undefined;
    const { how, by } = resolutions.at(-1) as (typeof resolutions)[number];
    return `it was ${how} meanwhile${by === '' ? '' : ` by ${by}`}`;
  }
}

function senderOf({ stores: { transport }, platform }: Log): Promise<Exclusive> {
  return transport.exclusive(
    NAME,
    platform.topics.map(({ name }) => deadLetterTopic(name)),
  );
}

const working = new WeakMap<Transport, Promise<unknown>>();

/** A dry run has no turn, and takes none from others. */
export function inTurn<T>(
  log: Log,
  { dryRun }: { readonly dryRun: boolean },
  work: (turn: Turn | undefined) => Promise<T>,
): Promise<T> {
  const { transport } = log.stores;
  const before = working.get(transport) ?? Promise.resolve();
  const begin = async () => work(dryRun ? undefined : await Turn.take(log));
  const now = before.then(begin, begin);
  working.set(
    transport,
    now.catch(() => {}),
  );
  return now;
}
