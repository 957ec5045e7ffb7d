/** `tributary dead-letters list`. */
import { isoOf } from '../../browse.ts';
import { print, printTable, type Run } from '../../context.ts';
import { type Filter, readLetters } from '../../letters.ts';

export const run: Run<Filter & { readonly all: boolean; readonly json: boolean }> = async (
  context,
  { all, json, ...filter },
) => {
  const letters = (await readLetters(context.wired.stores.transport, filter, context.signal)).filter(
    (letter) => all || !letter.replayed,
  );
  if (json) {
    for (const { id, job, code, message, rejectedAt, replayed } of letters) {
      await print(context, JSON.stringify({ id, job, code, message, rejectedAt: isoOf(rejectedAt), replayed }));
    }
    return undefined;
  }
  if (letters.length > 0) {
    const rows = letters.map(({ id, job, code, message, rejectedAt, replayed }) => [
      id,
      job,
      isoOf(rejectedAt),
      code,
      replayed ? `(replayed) ${message}` : message,
    ]);
    await printTable(context, ['id', 'job', 'rejected at', 'code', 'why'], rows);
  }
  context.stderr.write(`${letters.length} dead letter${letters.length === 1 ? '' : 's'}\n`);
  return undefined;
};
