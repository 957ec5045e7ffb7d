/**
 * The log of a table in the object store: commits by number, checkpoints, and a pointer to one of the checkpoints.
 *
 * Normally nothing is listed: a reader begins at the checkpoint that the pointer names, and probes for the next versions. A missing, old or
 * damaged pointer or checkpoint only costs reads. A clean-up deletes the oldest commits first and keeps the commit of the checkpoint, so a
 * checkpoint whose own commit is gone is outdated. In that case, and after damage, the log is listed once.
 */
import { TributaryError } from '../../core/errors.ts';
import type { DuckDb } from '../../duckdb/database.ts';
import type { Objects } from '../objects/port.ts';
import { type Action, type Commit, commitText, parseCommit } from './actions.ts';
import { actionOf, checkpointActions, checkpointRowsSql, checkpointSql, pointedAt, pointerText } from './checkpoint.ts';
import {
  type CheckpointAt,
  checkpointNames,
  commitName,
  type LogEntry,
  logEntry,
  logPrefix,
  pointerName,
} from './names.ts';
import { folded, type Snapshot } from './snapshot.ts';

/** The largest number of versions that are read at once. */
const WINDOW = 32;
/** The number of lines of a checkpoint that are written at once. */
const LINES = 5000;

export interface DeltaLog {
  /** The newest snapshot; undefined if there is no table. Throws STORE_BROKEN for an incomplete log. */
  load(): Promise<Snapshot | undefined>;
  /** The newest snapshot, read onwards from this one; undefined if it cannot be reached from here. */
  follow(snapshot: Snapshot): Promise<Snapshot | undefined>;
  read(version: number): Promise<Commit | undefined>;
  has(version: number): Promise<boolean>;
  /** Throws ALREADY_EXISTS if the version is taken. */
  create(version: number, actions: readonly Action[]): Promise<void>;
  /** Leaves out removals older than `keepFrom` (ms). */
  writeCheckpoint(snapshot: Snapshot, keepFrom: number): Promise<void>;
  /** Undefined if the checkpoint is missing or unreadable. */
  readCheckpoint(at: CheckpointAt): Promise<Snapshot | undefined>;
  pointer(): Promise<CheckpointAt | undefined>;
  /** All entries of the log. */
  entries(): Promise<LogEntry[]>;
}

export function deltaLog(table: string, objects: Objects, duck: DuckDb): DeltaLog {
  async function readText(name: string): Promise<string | undefined> {
    try {
      return Buffer.concat(await Array.fromAsync(await objects.get(name))).toString();
    } catch (error) {
      if (error instanceof TributaryError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  async function read(version: number): Promise<Commit | undefined> {
    const name = commitName(table, version);
    const text = await readText(name);
    return text === undefined ? undefined : { version, actions: parseCommit(name, text) };
  }

  /** At most `count` commits from the version `from` on, up to the first that is missing; undefined if the log has a gap there. */
  async function readMany(from: number, count: number): Promise<{ commits: Commit[]; more: boolean } | undefined> {
    const found = await Promise.all(Array.from({ length: count }, (_, at) => read(from + at)));
    const missing = found.indexOf(undefined);
    const commits = found.slice(0, missing === -1 ? count : missing).filter((each) => each !== undefined);
    if (missing === -1) return { commits, more: true };
    if (found.slice(missing).every((each) => each === undefined)) return { commits, more: false };
    // The missing commit may have been created between two of these reads.
    return (await has(from + missing)) ? { commits, more: true } : undefined;
  }

  async function follow(from: Snapshot): Promise<Snapshot | undefined> {
    let snapshot = from;
    for (let window = 1; ; window = Math.min(window * 2, WINDOW)) {
      const read = await readMany(snapshot.version + 1, window);
      if (read === undefined) return undefined;
      snapshot = folded(table, snapshot, read.commits);
      if (!read.more) return snapshot;
    }
  }

  async function has(version: number): Promise<boolean> {
    return (await objects.head(commitName(table, version))) !== undefined;
  }

  async function pointer(): Promise<CheckpointAt | undefined> {
    const text = await readText(pointerName(table));
    return text === undefined ? undefined : pointedAt(text);
  }

  async function readCheckpoint(at: CheckpointAt): Promise<Snapshot | undefined> {
    const paths: string[] = [];
    try {
      for (const name of checkpointNames(table, at)) {
        const path = duck.file('parquet');
        paths.push(path);
        await duck.writeFile(path, await objects.get(name));
      }
      const actions = await checkpointRows(paths);
      // The checkpoint replaces all commits up to its version.
      return actions && folded(table, undefined, [{ version: at.version, actions }], at.version);
    } catch (error) {
      const code = error instanceof TributaryError ? error.code : undefined;
      if (code === 'NOT_FOUND' || code === 'STORE_BROKEN' || code === 'QUERY_INVALID') return undefined;
      throw error;
    } finally {
      for (const path of paths) await duck.removeFile(path);
    }
  }

  async function checkpointRows(paths: readonly string[]): Promise<Action[] | undefined> {
    return duck.using(async (connection) => {
      const actions: Action[] = [];
      for await (const rows of connection.stream(checkpointRowsSql(paths))) {
        for (const row of rows) {
          const action = actionOf(String(row['action']));
          if (action === false) return undefined;
          if (action !== undefined) actions.push(action);
        }
      }
      return actions;
    });
  }

  async function entries(): Promise<LogEntry[]> {
    const found: LogEntry[] = [];
    for await (const { name, modifiedAt } of objects.list(logPrefix(table))) {
      const entry = logEntry(table, name, modifiedAt);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  async function fromFirst(): Promise<Snapshot | undefined> {
    const first = await read(0);
    const end = first && (await follow(folded(table, undefined, [first])));
    return end !== undefined && (await has(0)) ? end : undefined;
  }

  /** Undefined for an empty log; 'broken' if these entries do not form a complete one. */
  async function through(found: readonly LogEntry[]): Promise<Snapshot | undefined | 'broken'> {
    if (found.length === 0) return undefined;
    const last = lastOf(found);
    const checkpoints = wholeCheckpoints(found).toSorted((a, b) => b.version - a.version);
    for (const at of checkpoints) {
      const base = await readCheckpoint(at);
      const end = base && (await follow(base));
      const own = found.some(({ parts, version }) => parts === 0 && version === at.version);
      if (end !== undefined && end.version >= last && (!own || (await has(at.version)))) return end;
    }
    const end = await fromFirst();
    return end !== undefined && end.version >= last ? end : 'broken';
  }

  async function listed(): Promise<Snapshot | undefined> {
    let found = await entries();
    for (;;) {
      const end = await through(found);
      if (end !== 'broken') return end;
      // Another process may have cleaned up meanwhile, after writing a checkpoint that we have not seen.
      const now = await entries();
      if (now.map(({ name }) => name).join() === found.map(({ name }) => name).join()) break;
      found = now;
    }
    const advice = 'restore the missing commits, or make a new table';
    const what = `the log of the table ${table} has a hole before version ${lastOf(found)}`;
    throw new TributaryError('STORE_BROKEN', `${what} that no readable checkpoint covers; ${advice}`);
  }

  return {
    async load() {
      const at = await pointer();
      const base = at && (await readCheckpoint(at));
      if (base !== undefined) {
        const end = await follow(base);
        if (end !== undefined && (await has(base.version))) return end;
      } else if (at === undefined) {
        const end = await fromFirst();
        if (end !== undefined) return end;
      }
      return listed();
    },
    follow,
    read,
    has,
    async create(version, actions) {
      await objects.create(commitName(table, version), Buffer.from(commitText(actions)));
    },
    async writeCheckpoint(snapshot, keepFrom) {
      const [lines, target] = [duck.file('json'), duck.file('parquet')];
      try {
        let size = 0;
        const texts = function* (): Generator<string> {
          let batch: Action[] = [];
          for (const action of checkpointActions(snapshot, keepFrom)) {
            size += 1;
            batch.push(action);
            if (batch.length < LINES) continue;
            yield commitText(batch);
            batch = [];
          }
          if (batch.length > 0) yield commitText(batch);
        };
        await duck.writeFile(lines, texts());
        await duck.using((connection) => connection.run(checkpointSql(lines, target)));
        const [name = ''] = checkpointNames(table, { version: snapshot.version });
        await objects.put(name, duck.readFile(target));
        const now = await pointer();
        // A slow process must not replace a newer pointer from another process.
        if (now !== undefined && now.version >= snapshot.version) return;
        await objects.put(pointerName(table), Buffer.from(pointerText(snapshot.version, size)));
      } finally {
        await duck.removeFile(lines);
        await duck.removeFile(target);
      }
    },
    readCheckpoint,
    pointer,
    entries,
  };
}

const lastOf = (entries: readonly LogEntry[]): number => Math.max(...entries.map(({ version }) => version));

/** The checkpoints of which all parts exist. */
export function wholeCheckpoints(entries: readonly LogEntry[]): CheckpointAt[] {
  const groups = Map.groupBy(
    entries.filter(({ parts }) => parts > 0),
    ({ version, parts, name }) => `${version}/${/checkpoint\.parquet$/.test(name) ? 'one' : parts}`,
  );
  return [...groups.entries()].flatMap(([key, members]) => {
    const [first] = members;
    if (first === undefined) return [];
    if (key.endsWith('/one')) return [{ version: first.version }];
    return members.length === first.parts ? [{ version: first.version, parts: first.parts }] : [];
  });
}
