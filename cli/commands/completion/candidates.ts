/** The possible completions at the cursor: commands, options and names, from the descriptors. Pure, and so the same in every shell. */
import { flagOf } from '../../../app/config/config.ts';
import { type Command, type Names, type Operand, type Option, summaryOf } from '../../descriptor.ts';

export interface Candidate {
  readonly value: string;
  readonly doc: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether a file name is possible there. */
  readonly files: boolean;
}

/** An option that every command has. */
export interface GlobalOption {
  readonly flag: string;
  readonly doc: string;
  readonly takesValue: boolean;
  readonly names?: Names;
  /** Offered only once the user has begun to type it, because there are many. */
  readonly isRare: boolean;
}

export interface Grammar {
  readonly commands: readonly Command[];
  /** First words that are only parts of commands, each with its subject. */
  readonly groups: Readonly<Record<string, string>>;
  readonly globals: readonly GlobalOption[];
  readonly namesOf: (names: Exclude<Names, 'files'>) => readonly Candidate[];
}

const NOTHING: Completion = { candidates: [], files: false };

/** `words` are those after the name of the program. The cursor is at the end of the last one. */
export function completionOf(words: readonly string[], grammar: Grammar): Completion {
  const current = words.at(-1) ?? '';
  const before = read(words.slice(0, -1), grammar);
  const { candidates, files } = unfiltered(current, before, grammar);
  return { candidates: candidates.filter(({ value }) => value.startsWith(current)), files };
}

function unfiltered(current: string, before: Before, grammar: Grammar): Completion {
  if (before.awaiting !== undefined) return named(before.awaiting.names, grammar);
  if (before.onlyOperands || !current.startsWith('-')) return wordsAfter(before, grammar);
  const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (flag === undefined) return { candidates: flagsAfter(current, before, grammar), files: false };
  if (value === undefined) return NOTHING;
  const { candidates } = named(optionsOf(before, grammar).find((each) => each.flag === flag)?.names, grammar);
  return { candidates: candidates.map((each) => ({ ...each, value: `${flag}=${each.value}` })), files: false };
}

/** The meaning of the words before the cursor. */
interface Before {
  readonly command: Command | undefined;
  /** The words of the command, or of its group. */
  readonly path: string;
  readonly operands: readonly string[];
  readonly given: ReadonlySet<string>;
  /** The option whose value comes next. */
  readonly awaiting: AnyOption | undefined;
  readonly onlyOperands: boolean;
}

interface AnyOption extends Omit<GlobalOption, 'names'> {
  readonly short: string | undefined;
  readonly names: Names | undefined;
  readonly isList: boolean;
}

function read(words: readonly string[], grammar: Grammar): Before {
  let before: Before = {
    command: undefined,
    path: '',
    operands: [],
    given: new Set(),
    awaiting: undefined,
    onlyOperands: false,
  };
  for (const word of words) before = { ...before, ...after(before, word, grammar) };
  return before;
}

function after(before: Before, word: string, grammar: Grammar): Partial<Before> {
  if (before.awaiting !== undefined) return { awaiting: undefined };
  if (word === '--') return { onlyOperands: true };
  if (word.startsWith('-') && !before.onlyOperands) {
    const option = optionsOf(before, grammar).find(({ flag, short }) => [flag, short].includes(word.split('=')[0]));
    if (option === undefined) return {};
    const awaiting = option.takesValue && !word.includes('=') ? option : undefined;
    return { awaiting, given: new Set([...before.given, option.flag]) };
  }
  const path = before.path === '' ? word : `${before.path} ${word}`;
  const command = visible(grammar).find(({ name }) => name === path);
  const goesOn = command !== undefined || Object.hasOwn(grammar.groups, path);
  if (goesOn && before.operands.length === 0) return { path, command };
  return { operands: [...before.operands, word] };
}

const visible = ({ commands }: Grammar): Command[] =>
  commands.filter(({ typed }) => typed !== undefined && !typed.isHidden);

const optionsOf = ({ command }: Before, { globals }: Grammar): AnyOption[] => [
  ...Object.entries(command?.typed?.options ?? {})
    .filter(([, { isHidden }]) => !isHidden)
    .map(([name, option]) => ofCommand(name, option)),
  ...globals.map((each) => ({ ...each, names: each.names, short: undefined, isList: false })),
];

const ofCommand = (name: string, { doc, shown, short, names, isList }: Option): AnyOption => {
  return { flag: flagOf(name), doc, takesValue: shown !== undefined, short, names, isList, isRare: false };
};

function flagsAfter(current: string, before: Before, grammar: Grammar): Candidate[] {
  return optionsOf(before, grammar)
    .filter(({ flag, isList, isRare }) => (isList || !before.given.has(flag)) && (!isRare || current.length > 2))
    .map(({ flag, doc }) => ({ value: flag, doc }));
}

/** Commands, and the next operand of the command. */
function wordsAfter(before: Before, grammar: Grammar): Completion {
  const commands = before.operands.length === 0 ? commandsBelow(before.path, grammar) : [];
  const operand = operandAt(before);
  const { candidates, files } = named(operand?.names, grammar);
  const fresh = candidates.filter(({ value }) => !before.operands.includes(value));
  return { candidates: [...commands, ...fresh], files };
}

function operandAt({ command, operands }: Before): Operand | undefined {
  const declared = Object.values(command?.typed?.operands ?? {});
  const last = declared.at(-1);
  const goesOn = last?.count === 'any' || last?.count === 'some';
  return declared[operands.length] ?? (goesOn ? last : undefined);
}

/** The next word of every command that begins with the path, each once. */
function commandsBelow(path: string, grammar: Grammar): Candidate[] {
  const depth = path === '' ? 0 : path.split(' ').length;
  const docs = new Map(
    visible(grammar).flatMap(({ name, typed }) => {
      const words = name.split(' ');
      const isBelow = words.length > depth && words.slice(0, depth).join(' ') === path;
      const doc = words.length === depth + 1 ? typed?.description : grammar.groups[words.slice(0, depth + 1).join(' ')];
      return isBelow && doc !== undefined ? [[words[depth] as string, summaryOf(doc)] as const] : [];
    }),
  );
  return [...docs].map(([value, doc]) => ({ value, doc }));
}

function named(names: Names | undefined, grammar: Grammar): Completion {
  if (names === undefined) return NOTHING;
  return names === 'files' ? { candidates: [], files: true } : { candidates: grammar.namesOf(names), files: false };
}
