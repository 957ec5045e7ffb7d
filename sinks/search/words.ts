/**
 * Splits texts and queries into words, in the same way for every store, whatever analysis the store has. A store gets words that are separated
 * by blanks, and indexes each as it is.
 *
 * Some scripts do not separate words by blanks, or into longer pieces than people search for: Chinese, Japanese, Korean, Thai and similar ones.
 * No dictionary is used there, because another release of it would split differently from the one that wrote the index. Instead, every letter
 * and every pair of neighbouring letters is a word, and a query must match with all of its pairs.
 */

/** Marks belong to words: without them, words of Hindi and its like fall into single consonants. */
const WORD = /[\p{L}\p{N}\p{Co}\p{Mn}\p{Mc}]+/gu;
/** Unicode's blocks of combining diacritical marks. Vowel signs and the like are not among them. */
const ACCENTS = /[\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F]/g;
const ASCII = /^\p{ASCII}*$/u;

/** A run of letters of the scripts whose words are found inside: those of East Asia, and those that are written without blanks. */
const DENSE = [
  ...['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Hangul', 'Yi'],
  ...['Thai', 'Lao', 'Khmer', 'Myanmar', 'Tai_Le', 'New_Tai_Lue', 'Tai_Tham', 'Tai_Viet', 'Javanese', 'Balinese'],
]
  .map((script) => `\\p{Script_Extensions=${script}}`)
  .join('');
const IS_DENSE = new RegExp(`[${DENSE}]`, 'u');
/** A word, in pieces of one kind. */
const PIECE = new RegExp(`[${DENSE}]+|[^${DENSE}]+`, 'gu');
/** A letter with its marks. */
const LETTER = /\P{M}\p{M}*|\p{M}+/gu;

/** Characters of a word that tell it from others. Elasticsearch would cut a word of more than 255 in two. */
const LONGEST_WORD = 100;
/** The same of one letter with its marks. */
const LONGEST_LETTER = 20;
/** The cost of a query grows with its words. Those beyond are not looked for. */
const MOST_WORDS = 200;

/** The words of all texts within a value, in their order, separated by blanks. What is no text has none. */
export function wordsOf(value: unknown): string {
  if (typeof value === 'string') {
    return piecesOf(folded(value))
      .flatMap((piece) => (IS_DENSE.test(piece) ? withPairs(piece) : [shortened(piece, LONGEST_WORD)]))
      .join(' ');
  }
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
  const pieces = piecesOf(text);
  const last = pieces.at(-1);
  if (last === undefined) return undefined;
  // Where words are found inside of others, each is a beginning already.
  const isBeginning = text.trimEnd().endsWith(`${last}*`) && !IS_DENSE.test(last);
  const whole = (isBeginning ? pieces.slice(0, -1) : pieces).flatMap((piece) =>
    IS_DENSE.test(piece) ? soughtPairs(piece) : [shortened(piece, LONGEST_WORD)],
  );
  return {
    whole: [...new Set(whole)].slice(0, MOST_WORDS),
    beginning: isBeginning ? shortened(last, LONGEST_WORD) : undefined,
  };
}

/**
 * Without case and accents, and with one form for characters that differ in looks alone, as those of full and half width. By way of
 * small letters and capitals, so that ß, ẞ and SS are one, and so are a Greek s at the end, and the i with and without a dot.
 */
function folded(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  const plain = text.normalize('NFKD').replace(ACCENTS, '');
  const small = plain.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');
  return small.normalize('NFKD').replace(ACCENTS, '').normalize('NFC');
}

function piecesOf(text: string): readonly string[] {
  return (text.match(WORD) ?? []).flatMap((word) => (ASCII.test(word) ? [word] : (word.match(PIECE) ?? [])));
}

function lettersOf(piece: string): string[] {
  return (piece.match(LETTER) ?? []).map((letter) => shortened(letter, LONGEST_LETTER));
}

function withPairs(piece: string): string[] {
  const letters = lettersOf(piece);
  return letters.flatMap((letter, i) => (i + 1 < letters.length ? [letter, `${letter}${letters[i + 1]}`] : [letter]));
}

function soughtPairs(piece: string): string[] {
  const letters = lettersOf(piece);
  return letters.length === 1 ? letters : letters.slice(1).map((letter, i) => `${letters[i]}${letter}`);
}

function shortened(word: string, longest: number): string {
  return word.length > longest ? [...word.slice(0, 2 * longest)].slice(0, longest).join('') : word;
}
