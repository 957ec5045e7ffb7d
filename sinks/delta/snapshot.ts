/** A table at one version: the fold of its log. */
import { TributaryError } from '../../core/errors.ts';
import type { Add, Commit, MetaData, Protocol, Remove, Txn } from './actions.ts';
import { checkProtocol, columnsOf, type TableColumn } from './schema.ts';

type Files = ReadonlyMap<string, Add>;

/** Immutable: each version has its own snapshot, which shares unchanged parts with the previous one. */
export interface Snapshot {
  readonly table: string;
  readonly version: number;
  readonly protocol: Protocol;
  readonly metaData: MetaData;
  readonly columns: readonly TableColumn[];
  /** The files by day and path. Files without a day, which only other writers make, are under ''. */
  readonly days: ReadonlyMap<string, Files>;
  /** The removed files by path, as far back as the log records them. */
  readonly removed: ReadonlyMap<string, Remove>;
  readonly txns: ReadonlyMap<string, Txn>;
  /** The version of the last checkpoint that this snapshot was read from or that we wrote; -1 if there is none. */
  readonly checkpoint: number;
}

/** All files, or those of one day. */
export function filesOf(snapshot: Snapshot, day?: string): Add[] {
  if (day !== undefined) return [...(snapshot.days.get(day)?.values() ?? [])];
  return [...snapshot.days.values()].flatMap((files) => [...files.values()]);
}

/** The last version that the application committed; undefined if it has never committed. */
export function txnOf(snapshot: Snapshot, appId: string): number | undefined {
  return snapshot.txns.get(appId)?.version;
}

export function dayOf(metaData: MetaData, { partitionValues }: Pick<Add, 'partitionValues'>): string {
  return partitionValues[metaData.partitionColumns[0] ?? ''] ?? '';
}

/** The file with this path, on any day. */
export function fileOf(snapshot: Pick<Snapshot, 'days'>, path: string): Add | undefined {
  for (const files of snapshot.days.values()) {
    const found = files.get(path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Copies a map of the snapshot at its first change only. */
function changing<K, V>(
  map: ReadonlyMap<K, V>,
): { readonly now: () => ReadonlyMap<K, V>; readonly own: () => Map<K, V> } {
  let own: Map<K, V> | undefined;
  return {
    now: () => own ?? map,
    own: () => {
      own ??= new Map(map);
      return own;
    },
  };
}

/**
 * The snapshot after these commits, which follow it in the order of their versions. If `snapshot` is undefined, the
 * commits are the beginning of the log, or one commit that represents a checkpoint. Throws TABLE_PROTOCOL as soon as a
 * commit raises the protocol, and STORE_BROKEN for a log without protocol or metadata.
 */
export function folded(
  table: string,
  from: Snapshot | undefined,
  commits: readonly Commit[],
  checkpoint = from?.checkpoint ?? -1,
): Snapshot {
  const last = commits.at(-1);
  if (last === undefined) {
    if (from === undefined) throw new TributaryError('STORE_BROKEN', `the log of the table ${table} is empty`);
    return from;
  }
  let { protocol, metaData } = from ?? {};
  const days = changing(from?.days ?? new Map<string, Files>());
  const removed = changing(from?.removed ?? new Map<string, Remove>());
  const txns = changing(from?.txns ?? new Map<string, Txn>());
  const ownDays = new Map<string, Map<string, Add>>();
  const dayFiles = (day: string): Map<string, Add> => {
    const own = ownDays.get(day) ?? new Map(days.now().get(day));
    ownDays.set(day, own);
    days.own().set(day, own);
    return own;
  };
  const drop = (path: string, day: string | undefined): void => {
    // Removals need not name the day; without one, all days are searched.
    const candidates = day !== undefined && days.now().get(day)?.has(path) ? [day] : [...days.now().keys()];
    for (const each of candidates) {
      if (!days.now().get(each)?.has(path)) continue;
      const files = dayFiles(each);
      files.delete(path);
      if (files.size === 0) {
        days.own().delete(each);
        ownDays.delete(each);
      }
    }
  };
  for (const { actions } of commits) {
    // The protocol and the metadata apply to the whole commit, wherever they appear in it.
    for (const action of actions) {
      protocol = action.protocol ?? protocol;
      metaData = action.metaData ?? metaData;
    }
    if (protocol === undefined || metaData === undefined) {
      throw new TributaryError(
        'STORE_BROKEN',
        `the log of the table ${table} begins without protocol or metadata; restore it`,
      );
    }
    for (const { remove } of actions) {
      if (!remove) continue;
      drop(
        remove.path,
        remove.partitionValues ? dayOf(metaData, { partitionValues: remove.partitionValues }) : undefined,
      );
      removed.own().set(remove.path, remove);
    }
    for (const { add, txn } of actions) {
      if (add) {
        dayFiles(dayOf(metaData, add)).set(add.path, add);
        if (removed.now().has(add.path)) removed.own().delete(add.path);
      }
      if (txn) txns.own().set(txn.appId, txn);
    }
  }
  if (protocol === undefined || metaData === undefined) throw new Error('a log of no commits');
  if (protocol !== from?.protocol || metaData !== from?.metaData) checkProtocol(table, protocol, metaData);
  const columns = metaData === from?.metaData ? from.columns : columnsOf(table, metaData);
  return {
    table,
    version: last.version,
    protocol,
    metaData,
    columns,
    days: days.now(),
    removed: removed.now(),
    txns: txns.now(),
    checkpoint,
  };
}
