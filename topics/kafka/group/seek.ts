/** Moving a group's offset: by a claim that reads nothing. */
import { TributaryError } from '../../../core/errors.ts';
import { isFencing } from '../wire/errors.ts';
import { commitOffset, type Parts, takeOver } from './claim.ts';
import type { PlaceOfGroup } from './marks-topic.ts';

const TRIES = 5;

/** The marks stay what they are, unless others are given. */
export async function seek(parts: Parts, of: PlaceOfGroup, offset: number, marks?: string): Promise<void> {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new TributaryError('USAGE', `${offset} is not an offset; give a whole number from 0 on`);
  }
  for (let tries = 1; ; tries++) {
    const producer = await takeOver(parts, of);
    try {
      // Read only now: the owner that was just fenced could change them before.
      const kept = marks ?? (await parts.marks.committed(of)).marks;
      await commitOffset(parts, producer, of, { records: [], offset, marks: kept });
      return;
    } catch (error) {
      // The owner that was fenced has claimed again meanwhile.
      if (!isFencing(error) || tries === TRIES) throw error;
    }
  }
}
