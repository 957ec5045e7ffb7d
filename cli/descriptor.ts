/**
 * A command is declared once: its operands and options, what is prepared for it, and where its implementation is. Help, completion and
 * dispatch follow from that. The implementation is imported only when it is used, so that every command starts fast.
 */
import type { Sources } from '../app/config/config.ts';
import type { LoadedPlatform } from '../app/platform/file.ts';
import type { Prepare } from '../app/stores/wiring.ts';
import type { Run } from './context.ts';
import type { Streams } from './control/server.ts';

/** What a value names. Completion offers these names. */
export type Names =
  | 'jobs'
  | 'jobs and rollups'
  | 'topics'
  /** Topics, and their dead letter topics. */
  | 'logs'
  | 'event types'
  | 'projections'
  | 'indexes'
  | 'reject codes'
  | 'datasources'
  | 'reports'
  /** Datasources, and the archives of topics. */
  | 'segment tables'
  | 'files'
  | readonly string[];

/** `any` may be empty; `some` is at least one. */
export type Count = 'one' | 'optional' | 'any' | 'some';

export interface Operand<V = unknown> {
  /** As help shows it, without brackets. */
  readonly shown: string;
  readonly count: Count;
  readonly names: Names | undefined;
  /** Only for its type: what the command gets. */
  readonly value?: V;
}

export type Parse<V> = (text: string) => V;

export interface Option<V = unknown> {
  readonly doc: string;
  /** The name of its value in help; undefined for a flag. */
  readonly shown: string | undefined;
  readonly short: string | undefined;
  readonly parse: Parse<unknown>;
  /** Whether it may be repeated. Its value is then a list. */
  readonly isList: boolean;
  /** What the command gets if the option is not given. */
  readonly preset: V;
  readonly conflicts: readonly string[];
  readonly isHidden: boolean;
  readonly names: Names | undefined;
}

/** By the names in the implementation. The flag of `fromLine` is `--from-line`. */
export type Options = Readonly<Record<string, Option>>;
export type Operands = Readonly<Record<string, Operand>>;

/** The values typed, by the names of operands and options. */
export type Values<Os extends Operands, Ps extends Options> = {
  readonly [K in keyof Os]: Os[K] extends Operand<infer V> ? V : never;
} & { readonly [K in keyof Ps]: Ps[K] extends Option<infer V> ? V : never };

/** How the output of the command is shown. */
export interface Terminal {
  readonly colors: boolean;
  /** Whether progress is shown on a terminal. */
  readonly progress: boolean;
}

/** What a command gets that opens no stores, or opens them itself. */
export interface Caller {
  readonly sources: Sources;
  /** Read at its first use, so that a mistake in it does not prevent help. */
  readonly platform: () => Promise<LoadedPlatform>;
  readonly debug: boolean;
}
export type RunForCaller<Args> = (caller: Caller, streams: Streams, args: Args) => Promise<number>;

interface Described {
  /** It begins with the summary: see `summaryOf`. */
  readonly description: string;
  /** The words after `tributary`. */
  readonly examples: readonly string[];
  readonly operands: Operands;
  readonly options: Options;
  /** Text after the help. */
  readonly more: (() => string) | undefined;
  /** Hidden from help and completion: other programs call it. */
  readonly isHidden: boolean;
  /** Turns the typed values into the arguments of the implementation. Throws USAGE for values that do not go together. */
  readonly args: (values: never, terminal: Terminal) => unknown;
}

/** A command that needs stores: those of the process that has the data folder, or its own. */
export interface StoresCommand<Name extends string = string> {
  readonly kind: 'stores';
  readonly name: Name;
  /** What is made before it runs. A command that only reads makes nothing on servers, which may be the wrong ones. */
  readonly prepares: Prepare;
  /** Whether it creates a data folder if there is none. For other commands that is an error. */
  readonly makesFolder: boolean;
  /** Whether it runs in this process, for any length of time. The process that has the folder is asked to release it. */
  readonly runsHere: boolean;
  readonly load: Load<Run<never>>;
  /** Undefined for a command that only other commands run. */
  readonly typed: (Described & { readonly input: (values: never) => string | null }) | undefined;
}

/** A command that opens no stores, or opens them itself. */
export interface CallerCommand<Name extends string = string> {
  readonly kind: 'caller';
  readonly name: Name;
  readonly load: Load<RunForCaller<never>>;
  readonly typed: Described;
}

export type Command = StoresCommand | CallerCommand;

interface Declared<Os extends Operands, Ps extends Options> {
  readonly description: string;
  readonly examples: readonly string[];
  readonly operands?: Os;
  readonly options?: Ps;
  readonly more?: () => string;
  readonly isHidden?: boolean;
}

/** Without `args`, the implementation gets the values as they are. */
interface AsTyped {
  readonly args?: undefined;
}
interface Changed<Os extends Operands, Ps extends Options, Args> {
  readonly args: (values: Values<Os, Ps>, terminal: Terminal) => NoInfer<Args>;
}

interface DeclaredStores<Os extends Operands, Ps extends Options> {
  readonly prepares: Prepare;
  readonly makesFolder?: boolean;
  readonly runsHere?: boolean;
  /** The file that the command reads as its standard input, if one is given. */
  readonly input?: (values: Values<Os, Ps>) => string | null;
}

type None = Record<never, never>;
type Load<R> = () => Promise<{ readonly run: R }>;

export function command<const Name extends string, const Os extends Operands = None, const Ps extends Options = None>(
  name: Name,
  declared: Declared<Os, Ps> & DeclaredStores<Os, Ps> & AsTyped & { readonly load: Load<Run<Values<Os, Ps>>> },
): StoresCommand<Name>;
export function command<
  const Name extends string,
  Args,
  const Os extends Operands = None,
  const Ps extends Options = None,
>(
  name: Name,
  declared: Declared<Os, Ps> & DeclaredStores<Os, Ps> & Changed<Os, Ps, Args> & { readonly load: Load<Run<Args>> },
): StoresCommand<Name>;
export function command(
  name: string,
  declared: Declared<Operands, Options> &
    DeclaredStores<Operands, Options> &
    (AsTyped | Changed<Operands, Options, unknown>) & { readonly load: Load<Run<never>> },
): StoresCommand {
  const { prepares, makesFolder = false, runsHere = false, load, input = () => null } = declared;
  return { kind: 'stores', name, prepares, makesFolder, runsHere, load, typed: { ...described(declared), input } };
}

/** A command that users do not type: other commands run it in the process with the stores. */
export function innerCommand<const Name extends string, Args>(
  name: Name,
  declared: Pick<DeclaredStores<None, None>, 'prepares' | 'makesFolder'> & { readonly load: Load<Run<Args>> },
): StoresCommand<Name> {
  const { prepares, makesFolder = false, load } = declared;
  return { kind: 'stores', name, prepares, makesFolder, runsHere: false, load, typed: undefined };
}

export function callerCommand<
  const Name extends string,
  const Os extends Operands = None,
  const Ps extends Options = None,
>(
  name: Name,
  declared: Declared<Os, Ps> & AsTyped & { readonly load: Load<RunForCaller<Values<Os, Ps>>> },
): CallerCommand<Name>;
export function callerCommand<
  const Name extends string,
  Args,
  const Os extends Operands = None,
  const Ps extends Options = None,
>(
  name: Name,
  declared: Declared<Os, Ps> & Changed<Os, Ps, Args> & { readonly load: Load<RunForCaller<Args>> },
): CallerCommand<Name>;
export function callerCommand(
  name: string,
  declared: Declared<Operands, Options> &
    (AsTyped | Changed<Operands, Options, unknown>) & { readonly load: Load<RunForCaller<never>> },
): CallerCommand {
  return { kind: 'caller', name, load: declared.load, typed: described(declared) };
}

function described(declared: Declared<Operands, Options> & (AsTyped | Changed<Operands, Options, unknown>)): Described {
  const { description, examples, operands = {}, options = {}, more, isHidden = false } = declared;
  const args = declared.args ?? ((values: Values<Operands, Options>) => values);
  return { description, examples, operands, options, more, isHidden, args };
}

const operand = <V>(shown: string, count: Count, names: Names | undefined): Operand<V> => ({ shown, count, names });

export const one = (shown: string, names?: Names): Operand<string> => operand(shown, 'one', names);
export const optional = (shown: string, names?: Names): Operand<string | null> => operand(shown, 'optional', names);
/** May be empty. */
export const any = (shown: string, names?: Names): Operand<readonly string[]> => operand(shown, 'any', names);
/** At least one. */
export const some = (shown: string, names?: Names): Operand<readonly string[]> => operand(shown, 'some', names);

interface How {
  readonly short?: string;
  readonly conflicts?: readonly string[];
  readonly isHidden?: boolean;
  readonly names?: Names;
}

const asTyped = (text: string): string => text;

/** Up to the first full stop or colon: a list has only one line for it. */
export const summaryOf = (description: string): string => description.split(/[.:](?:\s|$)/, 1)[0] ?? '';

/** False if not given. */
export const flag = (doc: string, how: How = {}): Option<boolean> => option(doc, undefined, false, how);

/** Null if not given. */
export function value(shown: string, doc: string, how?: How): Option<string | null>;
export function value<V>(shown: string, doc: string, how: How & { readonly parse: Parse<V> }): Option<V | null>;
export function value(shown: string, doc: string, how: How & { readonly parse?: Parse<unknown> } = {}): Option {
  return { ...option(doc, shown, null, how), parse: how.parse ?? asTyped };
}

/** The value of `preset` if not given. */
export function preset(shown: string, doc: string, preset: string): Option<string>;
export function preset<V>(shown: string, doc: string, preset: V, parse: Parse<V>): Option<V>;
export function preset(shown: string, doc: string, preset: unknown, parse: Parse<unknown> = asTyped): Option {
  return { ...option(doc, shown, preset, {}), parse };
}

/** May be repeated; an empty list if not given. */
export function values(shown: string, doc: string, how?: How): Option<readonly string[]>;
export function values<V>(shown: string, doc: string, how: How & { readonly parse: Parse<V> }): Option<readonly V[]>;
export function values(shown: string, doc: string, how: How & { readonly parse?: Parse<unknown> } = {}): Option {
  return { ...option(doc, shown, [], how), parse: how.parse ?? asTyped, isList: true };
}

function option<V>(doc: string, shown: string | undefined, preset: V, how: How): Option<V> {
  const { short, conflicts = [], isHidden = false, names } = how;
  return { doc, shown, short, parse: asTyped, isList: false, preset, conflicts, isHidden, names };
}
