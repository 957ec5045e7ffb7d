/**
 * Reads lines of NDJSON as records of a topic. A line is a structured CloudEvent, an object with `type` and `data` and optionally `time`,
 * `id`, `tenant` and `source`, or a record in the format of `tail --json`.
 */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../../../core/errors.ts';
import { callAnswered, timerFired } from '../../../core/event.ts';
import {
  type Target as GivenTarget,
  type Made,
  membersOf,
  recordsOf,
  type SaidEvent,
  saidIn,
} from '../../../topics/codec/given-event.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

const LONGEST_LINE = 32 * 1024 * 1024;
const NEWLINE = 10;

/** The lines of a stream, without line ends. Empty lines are left out. */
export async function* linesOf(input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 0;
  let pieces: Uint8Array[] = [];
  let length = 0;
  const take = (): Line => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    length = 0;
    number += 1;
    return { number, bytes };
  };
  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      pieces.push(chunk.subarray(from, at));
      from = at + 1;
      const line = take();
      if (!isBlank(line.bytes)) yield line;
    }
    pieces.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > LONGEST_LINE)
      throw new Error(`line ${number + 1} has more than ${LONGEST_LINE} bytes: is this NDJSON?`);
  }
  const line = take();
  if (!isBlank(line.bytes)) yield line;
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 32 || byte === 9 || byte === 13);

export interface Target extends GivenTarget {
  /** The broadcasts read so far. The output of `tail` has each of them once per partition. */
  readonly broadcasts?: Set<string>;
}

export type Read =
  | Made
  /** The event is in the log already, or will be: an event of the runtime, or a copy of a broadcast. */
  | { readonly kind: 'left-out' };

const LEFT_OUT: Read = { kind: 'left-out' };
const OF_THE_RUNTIME: ReadonlySet<string> = new Set([timerFired.type, callAnswered.type]);

export function readLine(line: Uint8Array, target: Target): Read {
  const { broadcasts } = target;
  const parsed = parse(line);
  if (typeof parsed === 'string') return { kind: 'wrong', problem: parsed };
  if (parsed.isShown && OF_THE_RUNTIME.has(parsed.type)) return LEFT_OUT;
  const { id = randomUUID(), source = '/tributary/produce' } = parsed;
  const made = recordsOf({ ...parsed, id, source }, target);
  if (made.kind === 'wrong' || made.records[0]?.key !== null) return made;
  const name = JSON.stringify([source, id]);
  if (parsed.isShown && broadcasts?.has(name)) return LEFT_OUT;
  broadcasts?.add(name);
  return made;
}

interface EventLine extends SaidEvent {
  /** Whether it is a record in the format of `tail --json`. */
  readonly isShown: boolean;
}

/** Members that only a record from `tail` has, and that follow from its destination. Further attributes are in `attributes`. */
const OF_A_RECORD = ['topic', 'partition', 'offset', 'timestamp', 'key', 'origin', 'attributes'];
const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(line: Uint8Array): EventLine | string {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(line));
  } catch (error) {
    return `it is not JSON in UTF-8: ${messageOf(error)}`;
  }
  const members = membersOf(value);
  if (typeof members === 'string') return members;
  const isShown =
    ['partition', 'offset'].every((name) => typeof members.get(name) === 'number') && members.has('topic');
  if (isShown) {
    const problem = takeShown(members);
    if (problem !== undefined) return problem;
  }
  const said = saidIn(members, isShown ? 'always' : 'if structured');
  return typeof said === 'string' ? said : { ...said, isShown };
}

/** Reduces a record from `tail` to its event. Returns the reason if there is no event. */
function takeShown(members: Map<string, unknown>): string | undefined {
  const { code, message } = (members.get('problem') ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (code !== undefined) return `it shows a record that could not be read (${code}: ${message}); leave it out`;
  const attributes = Object.entries(members.get('attributes') ?? {});
  for (const name of OF_A_RECORD) members.delete(name);
  for (const [name, each] of attributes) if (!members.has(name)) members.set(name, each);
  return undefined;
}
