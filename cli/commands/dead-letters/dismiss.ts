/**
 * `tributary dead-letters dismiss`: says of letters that nothing is to be done about them. They are listed and counted no more, and stay
 * in the log for as long as it keeps them.
 */
import { print, printJson, type Run } from '../../context.ts';
import { type Choice, chosenLetters, DISMISSED, marker } from './letters.ts';

const LETTERS_AT_ONCE = 1000;

export const run: Run<Choice & { readonly json: boolean }> = async (context, { json, ...choice }) => {
  const { transport } = context.wired.stores;
  const letters = await chosenLetters(context.wired, choice, context.signal, 'dismiss');
  for (let i = 0; i < letters.length; i += LETTERS_AT_ONCE) {
    context.signal.throwIfAborted();
    const now = Date.now();
    await transport.produce(letters.slice(i, i + LETTERS_AT_ONCE).map((letter) => marker(letter, DISMISSED, now)));
  }
  const dismissed = letters.map(({ id, job }) => ({ id, job }));
  if (json) await printJson(context, { dismissed });
  else {
    for (const { id, job } of dismissed) await print(context, `${id} of ${job} is dismissed`);
    context.stderr.write(`${dismissed.length} dismissed\n`);
  }
  return undefined;
};
