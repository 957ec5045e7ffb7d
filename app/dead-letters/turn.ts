/**
 * Whoever resolves letters does so in a turn of their own: they choose letters, and send what resolves them, as the only one of the installation. In one
 * process turns come one after the other. In others somebody may take the turn at any time: then nothing is sent any more before the turn was taken back
 * and the letters were read again. Those that were resolved meanwhile are left as they are.
 */
import { TributaryError } from '../../core/errors.ts';
import { backOff } from '../../jobs/runtime/back-off.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import type { Exclusive, NewRecord, Transport } from '../../topics/log/transport.ts';
import { type DeadLetter, deadLettersOf, type Log, nameOf } from './letters.ts';

const NAME = 'dead-letters';
/** So often the turn is taken back before somebody else is left to it. */
const MOST_TIMES = 6;
const WAIT_MS = [50, 1000] as const;

export class Turn {
  readonly #log: Log;
  #sender: Exclusive;
  /** How often it was taken back since something was sent. */
  #times = 0;
  /** By name, as they were read when it was last taken back; undefined before. */
  #read: ReadonlyMap<string, DeadLetter> | undefined;

  private constructor(log: Log, sender: Exclusive) {
    this.#log = log;
    this.#sender = sender;
  }

  static async take(log: Log): Promise<Turn> {
    return new Turn(log, await senderOf(log));
  }

  /** All or nothing. Throws FENCED if somebody else has the turn by now; after any error it has to be taken back. */
  async produce(records: readonly NewRecord[]): Promise<void> {
    await this.#sender.produce(records);
    this.#times = 0;
  }

  /** After an error: reads once more those of the letters that are there. */
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
    // Two who take it from each other at once would send nothing.
    await systemClock.sleep(backOff(this.#times, WAIT_MS, Math.random), signal);
    signal.throwIfAborted();
  }

  /** Why a letter that was chosen is left after all: somebody has resolved it since. */
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

/** A dry run has no turn, and takes nobody else's. */
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
