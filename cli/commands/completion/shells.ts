/** Converts words from the form in which a shell passes them, and candidates to the form that it accepts. */
import type { Candidate, Completion } from './candidates.ts';
import type { Shell } from './scripts.ts';

/** Bash splits a word at these characters, and makes each run of them a word. */
const BREAKS = /^[=:]+$/;

/** The words as they were typed. */
export function wordsFrom(shell: Shell, words: readonly string[]): string[] {
  return shell === 'bash' ? joined(words).map(unquoted) : [...words];
}

function joined(words: readonly string[]): string[] {
  const result: string[] = [];
  let isOpen = false;
  for (const word of words) {
    const isBreak = BREAKS.test(word);
    if ((isBreak || isOpen) && result.length > 0) result.push(`${result.pop()}${word}`);
    else result.push(word);
    isOpen = isBreak;
  }
  return result;
}

/** Removes only quotes around the whole word: the user may have just opened one. */
const unquoted = (word: string): string => word.replace(/^(['"])(.*)\1$/s, '$2').replace(/^['"]/, '');

const FORMS: Readonly<Record<Shell, (candidate: Candidate) => string>> = {
  bash: ({ value }) => value,
  zsh: ({ value, doc }) => `${escaped(value)}${doc === '' ? '' : `:${oneLine(doc)}`}`,
  fish: ({ value, doc }) => `${value}${doc === '' ? '' : `\t${oneLine(doc)}`}`,
};

const escaped = (value: string): string => value.replaceAll(/[\\:]/g, '\\$&');
const oneLine = (doc: string): string => doc.replaceAll(/\s+/g, ' ');

/** One line per candidate. Bash accepts only the part after its last break. */
export function linesFor(shell: Shell, words: readonly string[], { candidates, files }: Completion): string[] {
  if (files) return [':files'];
  const taken = shell === 'bash' ? ((words.at(-1) ?? '').match(/^.*[=:]/s)?.[0].length ?? 0) : 0;
  return candidates.map((each) => FORMS[shell]({ ...each, value: each.value.slice(taken) }));
}
