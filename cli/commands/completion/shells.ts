/** Words as a shell hands them over, and candidates as it takes them. */
import type { Candidate, Completion } from './candidates.ts';
import type { Shell } from './scripts.ts';

/** Bash takes a word apart at these, each a word of its own. */
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

/** Only whole quotes: what is typed may have just begun one. */
const unquoted = (word: string): string => word.replace(/^(['"])(.*)\1$/s, '$2').replace(/^['"]/, '');

const FORMS: Readonly<Record<Shell, (candidate: Candidate) => string>> = {
  bash: ({ value }) => value,
  zsh: ({ value, doc }) => `${escaped(value)}${doc === '' ? '' : `:${oneLine(doc)}`}`,
  fish: ({ value, doc }) => `${value}${doc === '' ? '' : `\t${oneLine(doc)}`}`,
};

const escaped = (value: string): string => value.replaceAll(/[\\:]/g, '\\$&');
const oneLine = (doc: string): string => doc.replaceAll(/\s+/g, ' ');

/** One line a candidate. Bash takes only what is behind the last of its breaks. */
export function linesFor(shell: Shell, words: readonly string[], { candidates, files }: Completion): string[] {
  if (files) return [':files'];
  const taken = shell === 'bash' ? ((words.at(-1) ?? '').match(/^.*[=:]/s)?.[0].length ?? 0) : 0;
  return candidates.map((each) => FORMS[shell]({ ...each, value: each.value.slice(taken) }));
}
