/** The actions of Delta's log, and the format of a commit's file: one JSON object a line. */
import { TributaryError } from '../../core/errors.ts';

type Texts = Readonly<Record<string, string>>;

export interface Add {
  /** Relative to the table's prefix, percent-encoded; our own paths need no encoding. */
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  /** In bytes. */
  readonly size: number;
  /** In ms since 1970 UTC. */
  readonly modificationTime: number;
  /** False if rows were only moved, as by a compaction. */
  readonly dataChange: boolean;
  /** JSON. */
  readonly stats?: string | null;
  readonly tags?: Texts | null;
}

export interface Remove {
  readonly path: string;
  /** In ms since 1970 UTC. The file is kept for the retention from then on. */
  readonly deletionTimestamp?: number | null;
  readonly dataChange: boolean;
  readonly extendedFileMetadata?: boolean | null;
  readonly partitionValues?: Readonly<Record<string, string | null>> | null;
  readonly size?: number | null;
}

/** The progress of an application: for each `appId`, the last action counts. */
export interface Txn {
  readonly appId: string;
  readonly version: number;
  readonly lastUpdated?: number | null;
}

export interface MetaData {
  readonly id: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly format: { readonly provider: string; readonly options?: Texts | null };
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration?: Texts | null;
  readonly createdTime?: number | null;
}

export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures?: readonly string[] | null;
  readonly writerFeatures?: readonly string[] | null;
}

/** For people, and to recognise a commit. Nothing is derived from what other writers put here. */
export interface CommitInfo {
  readonly timestamp: number;
  readonly operation: string;
  readonly engineInfo: string;
  /** The id of this attempt to commit. */
  readonly txnId: string;
}

/** One line of a commit. Exactly one of these fields is set. */
export interface Action {
  readonly add?: Add;
  readonly remove?: Remove;
  readonly txn?: Txn;
  readonly metaData?: MetaData;
  readonly protocol?: Protocol;
  readonly commitInfo?: Partial<CommitInfo>;
}

export interface Commit {
  readonly version: number;
  readonly actions: readonly Action[];
}

export function commitText(actions: readonly Action[]): string {
  return `${actions.map((action) => JSON.stringify(action)).join('\n')}\n`;
}

/** Throws STORE_BROKEN for an invalid commit. Unknown actions are ignored: under the supported protocol they have no meaning. */
export function parseCommit(name: string, text: string): Action[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, at) => {
    const action = parseObject(line);
    if (action !== undefined && isWhole(action as Action)) return action as Action;
    throw new TributaryError(
      'STORE_BROKEN',
      `line ${at + 1} of ${name} is not an action of Delta's log; restore the object`,
    );
  });
}

export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the actions that we use have their required fields. */
export function isWhole({ add, remove, txn, metaData, protocol }: Action): boolean {
  if (add) return typeof add.path === 'string' && typeof add.partitionValues === 'object' && Number.isFinite(add.size);
  if (remove) return typeof remove.path === 'string';
  if (txn) return typeof txn.appId === 'string' && Number.isFinite(txn.version);
  if (metaData) return typeof metaData.schemaString === 'string' && Array.isArray(metaData.partitionColumns);
  if (protocol) return Number.isFinite(protocol.minReaderVersion) && Number.isFinite(protocol.minWriterVersion);
  return true;
}
