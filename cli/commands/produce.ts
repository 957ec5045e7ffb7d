/**
 * `tributary produce`, in the calling process: reads the input piece by piece, and has the process with the stores check and send each
 * piece. So neither process holds more than one piece, and a stream is sent as it arrives. All lines of a file are checked before any is
 * sent.
 */
import { addAbortSignal, Readable, type Writable } from 'node:stream';
import { topicNamed } from '../../app/platform/names.ts';
import type { Setup } from '../../app/stores/wiring.ts';
import { shownLine } from '../../app/text/shown.ts';
import { kindOf } from '../../core/errors.ts';
import type { Topic } from '../../topics/define.ts';
import { print, printJson } from '../context.ts';
import { Session } from '../control/dispatch.ts';
import type { Streams } from '../control/server.ts';
import type { RunForCaller } from '../descriptor.ts';
import { FAILED } from '../errors.ts';
import { type Input, inputOf } from '../input.ts';
import { collector } from '../output/collector.ts';
import { type Progress, progressOn } from '../output/progress-line.ts';
import { setupOf } from '../setup.ts';
import { checkerOf, type Problem } from './produce/checking.ts';
import type { Report } from './produce/piece.ts';
import { type Piece, piecesOf } from './produce/pieces.ts';

interface Args {
  readonly topic: string;
  /** Null or "-": the standard input. */
  readonly file: string | null;
  readonly fromLine: number;
  readonly json: boolean;
}

const PROBLEMS_SHOWN = 20;

export const run: RunForCaller<Args> = async (caller, streams, args) => {
  const setup = await setupOf(caller, streams.stderr);
  const topic = topicNamed(args.topic, setup.platform.topics);
  const input = await inputOf(args.file ?? '-', streams.signal);
  const progress = progressOn(streams.stderr);
  const sending = new Sending(setup, { ...args, debug: caller.debug }, streams, progress);
  try {
    if (!(await isRight(input, topic, args, { streams, progress }))) return FAILED;
    return await sending.sendAll(addAbortSignal(streams.signal, input.stream));
  } finally {
    progress.clear();
    input.stream.destroy();
    await sending.close();
  }
};

/** Whether every line of a file may be sent. An input that cannot be read twice is not checked beforehand. */
async function isRight(
  { again }: Input,
  topic: Topic,
  args: Args,
  { streams, progress }: { readonly streams: Streams; readonly progress: Progress },
): Promise<boolean> {
  if (again === undefined) return true;
  const check = await checkerOf(topic);
  const problems: Problem[] = [];
  let wrong = 0;
  for await (const piece of piecesOf(addAbortSignal(streams.signal, again()), args.fromLine)) {
    const found = await check(piece);
    wrong += found.length;
    problems.push(...found.slice(0, PROBLEMS_SHOWN - problems.length));
    progress.tell('lines checked', piece.last);
  }
  progress.clear();
  if (wrong === 0) return true;
  printProblems(streams.stderr, problems, wrong);
  streams.stderr.write(`error: ${linesAre(wrong)} wrong; nothing was sent\n`);
  return false;
}

interface SendingArgs extends Args {
  readonly debug: boolean;
}

class Sending {
  readonly #args: SendingArgs;
  readonly #streams: Streams;
  readonly #progress: Progress;
  readonly #session: Session;
  readonly #reported = new Set<string>();
  #events = 0;
  #records = 0;
  #leftOut = 0;
  /** All lines up to this one were sent. */
  #sentTo: number;

  constructor(setup: Setup, args: SendingArgs, streams: Streams, progress: Progress) {
    this.#args = args;
    this.#streams = streams;
    this.#progress = progress;
    this.#session = new Session(setup);
    this.#sentTo = args.fromLine - 1;
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  async sendAll(input: Readable): Promise<number> {
    let under: Piece | undefined;
    try {
      for await (const piece of piecesOf(input, this.#args.fromLine)) {
        under = piece;
        const code = await this.#send(piece);
        if (code !== 0) return code;
        under = undefined;
        this.#sentTo = piece.last;
        this.#progress.tell('lines sent', piece.last);
      }
    } catch (error) {
      // Only if the other process went away is it unknown whether the piece was sent. Other errors occur before sending.
      this.#printProgress(kindOf(error) === 'retry' ? under : undefined);
      throw error;
    }
    this.#progress.clear();
    await this.#printResult();
    return 0;
  }

  async #send(piece: Piece): Promise<number> {
    const { topic, debug } = this.#args;
    const out = collector();
    const invocation = { command: 'produce-piece', args: { topic, first: piece.first }, debug } as const;
    const stdin = Readable.from([piece.bytes], { objectMode: false });
    const code = await this.#session.run(invocation, { ...this.#streams, stdin, stdout: out.stream });
    if (code !== 0) {
      this.#printProgress(piece);
      return code;
    }
    const { events, records, leftOut, problems, unknown } = JSON.parse(out.text()) as Report;
    this.#printUnknown(unknown);
    if (problems.length > 0) {
      this.#progress.clear();
      printProblems(this.#streams.stderr, problems.slice(0, PROBLEMS_SHOWN), problems.length);
      const sent = this.#sentTo < this.#args.fromLine ? 'nothing was sent' : `the ${this.#whatWasSent()}`;
      this.#streams.stderr.write(`error: ${linesAre(problems.length)} wrong; ${sent}\n`);
      return FAILED;
    }
    this.#events += events;
    this.#records += records;
    this.#leftOut += leftOut;
    return 0;
  }

  /** `under`: a piece of which it is unknown whether it was sent. */
  #printProgress(under: Piece | undefined): void {
    this.#progress.clear();
    if (this.#sentTo >= this.#args.fromLine) this.#streams.stderr.write(`The ${this.#whatWasSent()}\n`);
    if (under === undefined) return;
    const { first, last } = under;
    const lines = first === last ? `line ${first} was sent` : `lines ${first} to ${last} were sent, all or none,`;
    this.#streams.stderr.write(`Whether ${lines} is not known: \`tributary tail\` shows it.\n`);
  }

  #whatWasSent(): string {
    return `lines up to ${this.#sentTo} were sent: continue with --from-line ${this.#sentTo + 1}`;
  }

  #printUnknown(unknown: readonly Problem[]): void {
    for (const { line, problem } of unknown) {
      if (this.#reported.has(problem) || this.#reported.size >= PROBLEMS_SHOWN) continue;
      this.#reported.add(problem);
      this.#progress.clear();
      this.#streams.stderr.write(`warning: line ${line}: ${shownLine(problem)}\n`);
    }
  }

  async #printResult(): Promise<void> {
    const { topic, json } = this.#args;
    const [events, records, leftOut] = [this.#events, this.#records, this.#leftOut];
    if (json) return printJson(this.#streams, { topic, events, records, leftOut });
    const besides = leftOut === 0 ? '' : `; ${count(leftOut, 'line')} left out, which jobs say or which are copies`;
    await print(this.#streams, `${count(events, 'event')} sent to ${topic}, as ${count(records, 'record')}${besides}`);
  }
}

function printProblems(stderr: Writable, problems: readonly Problem[], wrong: number): void {
  for (const { line, problem } of problems) stderr.write(`line ${line}: ${shownLine(problem)}\n`);
  if (wrong > problems.length) stderr.write(`and ${wrong - problems.length} more\n`);
}

const linesAre = (n: number): string => (n === 1 ? 'one line is' : `${n} lines are`);
const count = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
