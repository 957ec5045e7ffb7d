/**
 * What a word is, made by ourselves: the same on every Elasticsearch, whatever analysis it has, and for texts and queries
 * alike. Elasticsearch is given words that are separated by blanks, and takes each as it is.
 */

/** Marks belong to words: without them, words of Hindi and its like fall into single consonants. */
const WORD = /[\p{L}\p{N}\p{Co}\p{Mn}\p{Mc}]+/gu;
/** Unicode's blocks of combining diacritical marks. Vowel signs and the like are not among them. */
const ACCENTS = /[\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F]/g;
const ASCII = /^\p{ASCII}*$/u;

/** Characters of a word that tell it from others. Elasticsearch would cut a word of more than 255 in two. */
const LONGEST_WORD = 100;
/** The cost of a query grows with its words. Those beyond are not looked for. */
const MOST_WORDS = 200;

/** The words of all texts within a value, in their order, separated by blanks. What is no text has none. */
export function wordsOf(value: unknown): string {
  if (typeof value === 'string') return split(folded(value)).map(shortened).join(' ');
  return Array.isArray(value) ? value.map(wordsOf).filter(Boolean).join(' ') : '';
}

interface QueryWords {
  /** Words that must occur, each once. */
  readonly whole: readonly string[];
  /** What a word must begin with: the last one, if a `*` follows it. */
  readonly beginning: string | undefined;
}

/** Undefined when the query has no words. */
export function queryWords(query: string): QueryWords | undefined {
  const text = folded(query);
  const words = split(text);
  const last = words.at(-1);
  if (last === undefined) return undefined;
  const isBeginning = text.trimEnd().endsWith(`${last}*`);
  const whole = new Set((isBeginning ? words.slice(0, -1) : words).map(shortened));
  return { whole: [...whole].slice(0, MOST_WORDS), beginning: isBeginning ? shortened(last) : undefined };
}

/** Without case and accents. By way of small letters and capitals, so that ß, ẞ and SS are one, and so is a Greek s at the end. */
function folded(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  const plain = text.normalize('NFD').replace(ACCENTS, '');
  return plain.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ').replace(ACCENTS, '').normalize();
}

function split(text: string): readonly string[] {
  return text.match(WORD) ?? [];
}

function shortened(word: string): string {
  return word.length > LONGEST_WORD ? [...word.slice(0, 2 * LONGEST_WORD)].slice(0, LONGEST_WORD).join('') : word;
}
