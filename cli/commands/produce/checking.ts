/** Checks lines of events, without any store, before the first one is sent. */
import { Codec } from '../../../topics/codec/codec.ts';
import type { Registry } from '../../../topics/codec/registry.ts';
import type { Topic } from '../../../topics/define.ts';
import { type Line, linesOf, readLine, type Target } from './events-in.ts';
import type { Piece } from './pieces.ts';

export interface Problem {
  readonly line: number;
  readonly problem: string;
}

/** Returns the problems of the lines of one piece. */
export type Check = (piece: Piece) => Promise<Problem[]>;

export async function checkerOf(topic: Topic): Promise<Check> {
  const codec = new Codec(ownRegistry());
  await codec.prepare([topic]);
  const target: Target = { topic, partitions: 1, codec, now: Date.now };
  return async (piece) => {
    const problems: Problem[] = [];
    for await (const { number, bytes } of linesIn(piece)) {
      const read = readLine(bytes, target);
      if (read.kind === 'wrong') problems.push({ line: number, problem: read.problem });
    }
    return problems;
  };
}

async function* linesIn({ first, bytes }: Piece): AsyncGenerator<Line> {
  for await (const { number, bytes: line } of linesOf([bytes])) yield { number: number + first - 1, bytes: line };
}

/** Assigns ids that other schemas do not use. */
function ownRegistry(): Registry {
  const schemas: string[] = [];
  return {
    register: async (_subject, schema) => schemas.push(schema),
    schema: async (id) => schemas[id - 1],
    close: async () => {},
  };
}
