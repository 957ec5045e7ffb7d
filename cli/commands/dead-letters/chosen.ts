/** The dead letters that a command line chooses, and their outcomes. */
import { chooseDeadLetters } from '../../../app/dead-letters/choosing.ts';
import type { DeadLetter, Filter, Log } from '../../../app/dead-letters/letters.ts';
import type { Resolved, Resolver, Resolving } from '../../../app/dead-letters/resolution.ts';
import type { Outcome } from '../../../app/dead-letters/sending.ts';
import { inTurn } from '../../../app/dead-letters/turn.ts';
import { shownLine } from '../../../app/text/shown.ts';
import { type Context, print, printJson, type Run } from '../../context.ts';
import { FAILED, usage } from '../../errors.ts';

/** Letters by their ids, or all that match; and how to resolve them. */
export interface ResolveArgs extends Filter, Resolver {
  readonly ids: readonly string[];
  readonly all: boolean;
  /** Also letters that were resolved before. */
  readonly again: boolean;
  /** Report what would be done, and do nothing. */
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** The words of the messages. */
interface Words {
  readonly verb: 'replay' | 'discard' | 'edit';
  readonly how: Resolved;
  /** What was done with one letter, or would be in a dry run. */
  readonly did: (deadLetter: DeadLetter, dryRun: boolean) => string;
  /** Additional fields of the JSON output. */
  readonly more?: (deadLetter: DeadLetter) => object;
}

type Resolve<O> = (
  log: Log,
  deadLetters: readonly DeadLetter[],
  resolving: Resolving,
  signal: AbortSignal,
) => Promise<O>;

/** A command that resolves the chosen letters. */
export const resolving =
  (resolve: Resolve<Outcome>, words: Words): Run<ResolveArgs> =>
  async (context, args) =>
    printOutcome(context, await resolveChosen(context, args, words.verb, resolve), args, words);

export const resolveChosen = <O>(
  context: Context,
  args: ResolveArgs,
  verb: Words['verb'],
  resolve: Resolve<O>,
): Promise<O> =>
  inTurn(context.wired, args, async (turn) => {
    const { by, why } = args;
    const chosen = await chosenLetters(context, args, verb);
    return resolve(context.wired, chosen, { by, why, turn }, context.signal);
  });

async function chosenLetters(
  { wired, signal }: Context,
  { ids, all, again, ...filter }: ResolveArgs,
  verb: Words['verb'],
): Promise<readonly DeadLetter[]> {
  if (all === ids.length > 0) throw usage(`give the dead letters to ${verb}: either their ids, or --all`);
  const { job, code, topic, since, until } = filter;
  if (!all && [code, topic, since, until].some((each) => each !== null))
    throw usage('--topic, --code, --since and --until go with --all, not with ids');
  const names = all ? null : [...new Set(ids)].map((id) => ({ id, job }));
  const { letters, resolved, unknown } = await chooseDeadLetters(wired, { names, filter, again }, signal);
  const [missing] = unknown;
  if (missing !== undefined) throw usage(unknownText(missing.id, job));
  const done = resolved.find(({ id }) => !letters.some((letter) => letter.id === id));
  if (done !== undefined) throw usage(resolvedText(done));
  return letters;
}

export function unknownText(id: string, job: string | null): string {
  if (!/^[^/]+\/\d+\/\d+$/.test(id))
    return `${id} is not the id of a dead letter; give <topic>/<partition>/<offset>, as \`tributary dead-letters list\` shows it`;
  return `there is no dead letter ${id}${job === null ? '' : ` of ${job}`}; \`tributary dead-letters list\` lists them`;
}

function resolvedText({ id, resolutions }: DeadLetter): string {
  return `${id} was ${resolutions.at(-1)?.how} already; use --again to do it once more`;
}

export async function printOutcome(
  context: Context,
  { done, left }: Outcome,
  { dryRun, json }: Pick<ResolveArgs, 'dryRun' | 'json'>,
  { how, did, more = () => ({}) }: Words,
): Promise<number | undefined> {
  const named = ({ id, job }: DeadLetter) => ({ id, job });
  if (json) {
    const because = left.map(({ deadLetter, why }) => ({ ...named(deadLetter), why }));
    const shown = done.map((deadLetter) => ({ ...named(deadLetter), ...more(deadLetter) }));
    await printJson(context, { dryRun, [how]: shown, left: because });
  } else {
    for (const deadLetter of done) await print(context, did(deadLetter, dryRun));
    for (const { deadLetter, why } of left)
      context.stderr.write(`${deadLetter.id} is left as it is: ${shownLine(why)}\n`);
    context.stderr.write(dryRun ? `${done.length} would be ${how}; nothing was done\n` : `${done.length} ${how}\n`);
  }
  return left.length === 0 ? undefined : FAILED;
}
