/**
 * Splits texts and queries into words, in the same way for every store, whatever analysis the store itself has. A store
 * gets words separated by blanks, and indexes each of them unchanged.
 *
 * Some scripts do not separate words by blanks, or only into pieces longer than people search for: Chinese, Japanese, Korean, Thai and
 * similar ones. A dictionary is not used for them, because another release of it would split texts differently from the one that wrote the
 * index. Instead, every letter and every pair of adjacent letters is a word, and a query must match with all of its pairs.
 */

/** Marks are part of words: without them, words of Hindi and similar languages would fall apart into single consonants. */
const WORD = /[\p{L}\p{N}\p{Co}\p{Mn}\p{Mc}]+/gu;
/** Unicode's blocks of combining diacritical marks. They do not contain vowel signs and the like. */
const ACCENTS = /[\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F]/g;
const ASCII = /^\p{ASCII}*$/u;

/** Letters of the scripts whose words are found inside longer text: those of East Asia, and those written without blanks. */
const DENSE = [
  ...['Han', 'Hiragana', 'Katakana', 'Bopomofo', 'Hangul', 'Yi'],
  ...['Thai', 'Lao', 'Khmer', 'Myanmar', 'Tai_Le', 'New_Tai_Lue', 'Tai_Tham', 'Tai_Viet', 'Javanese', 'Balinese'],
]
  .map((script) => `\\p{Script_Extensions=${script}}`)
  .join('');
const IS_DENSE = new RegExp(`[${DENSE}]`, 'u');
/** A part of a word that is entirely of such letters, or entirely of others. */
const PIECE = new RegExp(`[${DENSE}]+|[^${DENSE}]+`, 'gu');
/** A letter with its marks. */
const LETTER = /\P{M}\p{M}*|\p{M}+/gu;

/** Only this many characters of a word distinguish it. Elasticsearch would split a word of more than 255. */
const LONGEST_WORD = 100;
/** The same for one letter with its marks. */
const LONGEST_LETTER = 20;
/** The cost of a query grows with its words. Further words are ignored. */
const MOST_WORDS = 200;

/** The words of all texts within a value, in order, separated by blanks. Anything but text has no words. */
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
  /** The beginning of a word that must occur: the query's last word, if a `*` follows it. */
  readonly beginning: string | undefined;
}

/** Undefined if the query has no words. */
export function queryWords(query: string): QueryWords | undefined {
  const text = folded(query);
  const pieces = piecesOf(text);
  const last = pieces.at(-1);
  if (last === undefined) return undefined;
  // In scripts whose words are found inside longer text, each word is a beginning anyway.
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
 * Removes case and accents, and unifies characters that differ only in looks, such as full and half width. Converting to lower case, upper
 * case and lower case again makes ß, ẞ and SS equal, and also a Greek final sigma, and i with and without a dot.
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
