/**
 * `tributary dead-letters replay`: the rejected record once more, as it was, in its partition, for the job that rejected it
 * alone. The same call of the log marks the letter as replayed, so that neither happens without the other.
 */
import { ONLY_FOR } from '../../../topics/codec.ts';
import type { NewRecord, Transport } from '../../../topics/transport.ts';
import { type Context, print, printJson, type Run } from '../../context.ts';
import { usage } from '../../errors.ts';
import { type Filter, type Letter, lettersOf, marker, readLetters, rejectedRecord } from '../../letters.ts';
import { jobNamed } from '../../names.ts';

interface Args extends Filter {
  readonly ids: readonly string[];
  readonly all: boolean;
  readonly again: boolean;
  readonly json: boolean;
}

const LETTERS_AT_ONCE = 100;

export const run: Run<Args> = async (context, args) => {
  const { transport } = context.wired.stores;
  const letters = await chosen(context, args);
  for (const { job } of letters) jobNamed(job, context.wired.jobs);
  for (let at = 0; at < letters.length; at += LETTERS_AT_ONCE) {
    context.signal.throwIfAborted();
    const pairs = letters.slice(at, at + LETTERS_AT_ONCE).map((letter) => replayOf(transport, letter));
    await transport.produce((await Promise.all(pairs)).flat());
  }
  if (args.json) await printJson(context, { replayed: letters.map(({ id, job }) => ({ id, job })) });
  else {
    for (const { id, job } of letters) await print(context, `${id} was sent to ${job} once more`);
    context.stderr.write(`${letters.length} replayed\n`);
  }
  return undefined;
};

async function chosen({ wired, signal }: Context, { ids, all, again, ...filter }: Args): Promise<Letter[]> {
  const { transport } = wired.stores;
  if (all === ids.length > 0) throw usage('say which dead letters to replay: either their ids, or --all');
  if (all) return (await readLetters(transport, filter, signal)).filter((letter) => again || !letter.replayed);
  if (filter.topic !== null || filter.code !== null)
    throw usage('--topic and --code choose among --all, not among ids');
  const letters: Letter[] = [];
  for (const id of new Set(ids)) {
    const those = (await lettersOf(transport, id, signal)).filter(
      ({ job }) => filter.job === null || job === filter.job,
    );
    if (those.length === 0) throw usage(`${id} was not rejected by ${filter.job}`);
    const open = those.filter((letter) => again || !letter.replayed);
    if (open.length === 0) throw usage(`${id} was replayed already; with --again it is sent once more`);
    letters.push(...open);
  }
  return letters;
}

async function replayOf(transport: Transport, letter: Letter): Promise<NewRecord[]> {
  const { partition, key, value, headers, timestamp } = await rejectedRecord(transport, letter);
  // The origin was counted as seen when the record was rejected, or may have been: with it, the record would be a repeat.
  const { ce_origin: _, ...kept } = headers;
  const now = Date.now();
  const record = { topic: letter.topic.name, partition, key, value, headers: { ...kept, [ONLY_FOR]: letter.job } };
  // Without a time of its own an event has that of its record. All others are kept from now on, as any new record.
  return [{ ...record, timestamp: 'ce_time' in kept ? now : timestamp }, marker(letter, now)];
}
