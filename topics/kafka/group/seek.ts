/** Moves the offset of a group, with a claim that reads nothing. */
import { TributaryError } from '../../../core/errors.ts';
import { isFencing } from '../wire/errors.ts';
import { commitOffset, type Shared, takeOver } from './claim.ts';
import type { GroupPartition } from './offsets.ts';

const TRIES = 5;

/** Fences open claims. Keeps the metadata unless new ones are given. */
export async function seek(shared: Shared, of: GroupPartition, offset: number, metadata?: string): Promise<void> {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new TributaryError('USAGE', `${offset} is not an offset; give a whole number from 0 on`);
  }
  for (let tries = 1; ; tries++) {
    const producer = await takeOver(shared, of);
    try {
      // Not before the fencing: the previous owner could still have committed after the read.
      const kept = metadata ?? (await shared.metadata.committed(of)).metadata;
      await commitOffset(shared, producer, of, { records: [], offset, metadata: kept });
      return;
    } catch (error) {
      // The owner that was fenced has claimed again in the meantime.
      if (!isFencing(error) || tries === TRIES) throw error;
    }
  }
}
