/** A Delta table over the objects port: see `index.ts` for its guarantees. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';
import type { DuckDb } from '../../duckdb/database.ts';
import type { ObjectInfo, Objects } from '../objects/port.ts';
import { eachAtOnce } from '../segments/at-once.ts';
import { checkLayout, type Layout } from '../segments/columns.ts';
import type { Action, Commit, CommitInfo } from './actions.ts';
import { logPlan, vacuumPlan } from './cleaning.ts';
import { deltaLog, wholeCheckpoints } from './log.ts';
import { commitName } from './names.ts';
import { checkProposal } from './proposal.ts';
import { grown, metaDataOf, PROTOCOL } from './schema.ts';
import { folded, type Snapshot } from './snapshot.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** No part of the log younger than this is deleted. So if a version existed a short while ago, its successor, if any, still exists. */
const LEAST_LOG_AGE = HOUR;
const TRUSTED_FOR = 10 * 60_000;
const COMMIT_ATTEMPTS = 50;
const PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2000;
const DELETES_AT_ONCE = 16;

const DELTA_DEFAULTS = {
  checkpointEvery: 50,
  /** How long files that the current snapshot does not have are kept, for readers of an older snapshot. */
  keepFilesMs: 7 * DAY,
  /** How long commits before a checkpoint are kept. */
  keepLogMs: 7 * DAY,
};

export interface DeltaOptions {
  readonly objects: Objects;
  readonly duck: DuckDb;
  /** The name of the table: the prefix of all its objects, without a final "/". */
  readonly table: string;
  /** In ms since 1970 UTC. */
  readonly now: () => number;
  /** The name and version of the committing program, for people. */
  readonly engine: string;
  readonly checkpointEvery?: number;
  readonly keepFilesMs?: number;
  readonly keepLogMs?: number;
  /** Called if a checkpoint could not be written. The commit before it is valid. */
  readonly onCheckpointFailed?: (error: unknown) => void;
  readonly random?: () => number;
  readonly pause?: (ms: number) => Promise<unknown>;
}

export interface Definition {
  readonly layout: Layout;
  readonly description?: string;
  /** Delta properties, besides those that follow from the options. */
  readonly configuration?: Readonly<Record<string, string>>;
}

export interface Proposal {
  /** The kind of the commit, for people: WRITE, OPTIMIZE, DELETE, … */
  readonly operation: string;
  readonly actions: readonly Action[];
}

/**
 * Returns what to commit on top of a snapshot; undefined to commit nothing. It is called with the newest known snapshot, and again with a
 * newer one after each conflict. An undefined proposal counts only for the newest snapshot, so it may be asked for once more.
 */
export type Propose = (snapshot: Snapshot) => Proposal | undefined | Promise<Proposal | undefined>;

export interface Committed {
  /** False if nothing was proposed. */
  readonly committed: boolean;
  /** The snapshot after the commit, or the one for which nothing was proposed. */
  readonly snapshot: Snapshot;
  /** The number of conflicts with other commits. */
  readonly conflicts: number;
}

export interface Vacuumed {
  readonly files: readonly ObjectInfo[];
  readonly bytes: number;
}

export interface DeltaTable {
  readonly table: string;
  /** Creates the table if there is none; one of several concurrent callers does. Throws TABLE_DRIFTED if a different table exists. */
  create(definition: Definition): Promise<Snapshot>;
  /** The newest snapshot. Throws NOT_FOUND if there is no table, and TABLE_PROTOCOL if we cannot read and write it. */
  refresh(): Promise<Snapshot>;
  /** The newest snapshot, or undefined if there is no table. */
  find(): Promise<Snapshot | undefined>;
  /**
   * Commits the proposal if and only if its version is free. Throws COMMIT_REFUSED after too many conflicts, and
   * OBJECTS_AWAY if the outcome is unknown: the `txn` in a later snapshot shows it.
   */
  commit(propose: Propose): Promise<Committed>;
  /** Writes a checkpoint of the newest snapshot; returns its version. */
  checkpoint(): Promise<number>;
  /** Deletes the part of the log that precedes a checkpoint and is older than `keepLogMs`. Returns the names of the deleted objects. */
  cleanLog(): Promise<string[]>;
  /**
   * Deletes files that no snapshot of the last `olderThanMs` has (an hour to `keepFilesMs`; by default `keepFilesMs`),
   * and files older than `keepFilesMs` that are in no commit.
   */
  vacuum(options?: { readonly dryRun?: boolean; readonly olderThanMs?: number }): Promise<Vacuumed>;
}

export function deltaTable(options: DeltaOptions): DeltaTable {
  const { objects, duck, table, now, engine, random = Math.random, pause = sleep } = options;
  const { checkpointEvery, keepFilesMs, keepLogMs } = { ...DELTA_DEFAULTS, ...options };
  if (keepLogMs < LEAST_LOG_AGE || keepFilesMs < LEAST_LOG_AGE) {
    throw new TributaryError('USAGE', `the table ${table} has to keep its log and its files for an hour at least`);
  }
  const log = deltaLog(table, objects, duck);
  let current: Snapshot | undefined;
  /** A time at which the commit of `current` certainly existed. */
  let seenAt = Number.NEGATIVE_INFINITY;
  let turn: Promise<unknown> = Promise.resolve();

  /** Runs operations one after the other, so that no two work on a snapshot at once. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work, work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  async function newest(): Promise<Snapshot | undefined> {
    const asked = now();
    const known = current;
    let found = known && (await log.follow(known));
    // If the log was cleaned beyond our version, it looks as if nothing had followed, or only the commits after the
    // clean-up. The time after the reads counts, because the process may have been suspended in between.
    if (known !== undefined && now() - seenAt > TRUSTED_FOR && !(await log.has(known.version))) found = undefined;
    found ??= await log.load();
    current = found;
    seenAt = asked;
    return found;
  }

  async function refresh(): Promise<Snapshot> {
    const found = await newest();
    if (found !== undefined) return found;
    throw new TributaryError('NOT_FOUND', `there is no table ${table}; check its name, or create it`);
  }

  /** Whether the version is now ours. After an error with an unknown outcome, the log is read to find out. */
  async function place(version: number, actions: readonly Action[], id: string): Promise<boolean> {
    try {
      await log.create(version, actions);
      return true;
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      if (error.code !== 'ALREADY_EXISTS' && error.kind !== 'retry') throw error;
      const there = await log.read(version);
      if (there !== undefined) return isOf(there, id);
      // The commit is not visible now. If a late request still creates it, we will find our own version taken, or another's.
      if (error.code !== 'ALREADY_EXISTS') throw error;
      return false;
    }
  }

  async function commitNow(propose: Propose): Promise<Committed> {
    let snapshot = current ?? (await refresh());
    for (let conflicts = 0; conflicts < COMMIT_ATTEMPTS; conflicts += 1) {
      let proposal = await propose(snapshot);
      if (proposal === undefined) {
        // The known snapshot may be old. Only the newest one is a reason to commit nothing.
        const known = snapshot;
        snapshot = await refresh();
        if (snapshot !== known) proposal = await propose(snapshot);
        if (proposal === undefined) return { committed: false, snapshot, conflicts };
      }
      checkProposal(snapshot, proposal.actions, now() - keepFilesMs / 2);
      const version = snapshot.version + 1;
      const begun = now();
      const info: CommitInfo = {
        timestamp: begun,
        operation: proposal.operation,
        engineInfo: engine,
        txnId: randomUUID(),
      };
      const actions: Action[] = [{ commitInfo: info }, ...proposal.actions];
      if ((await place(version, actions, info.txnId)) && (await followsUpon(snapshot, version))) {
        current = folded(table, snapshot, [{ version, actions }]);
        seenAt = begun;
        await checkpointInTime();
        return { committed: true, snapshot: current, conflicts };
      }
      await pause(random() * Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** Math.min(conflicts, 10)));
      snapshot = await refresh();
    }
    const message = `a commit to the table ${table} was overtaken by ${COMMIT_ATTEMPTS} others, one after the other; try again later`;
    throw new TributaryError('COMMIT_REFUSED', message, { outcome: 'none' });
  }

  /** Whether the log still had the snapshot when we wrote. If not, the version was free only because it had been deleted. */
  async function followsUpon(snapshot: Snapshot, version: number): Promise<boolean> {
    if (now() - seenAt <= TRUSTED_FOR || (await log.has(snapshot.version))) return true;
    await objects.remove(commitName(table, version));
    current = undefined;
    return false;
  }

  /** The process that commits the version that is due writes its checkpoint. If it died, another process does so later. */
  async function checkpointInTime(): Promise<void> {
    if (current === undefined) return;
    const { version, checkpoint } = current;
    const isDue = version % checkpointEvery === 0;
    const isLate = version - checkpoint > 2 * checkpointEvery;
    if (version === 0 || !(isDue || isLate)) return;
    try {
      const at = isDue ? undefined : await log.pointer();
      if (at === undefined || version - at.version > 2 * checkpointEvery) {
        await log.writeCheckpoint(current, now() - keepFilesMs);
        current = { ...current, checkpoint: version };
      } else current = { ...current, checkpoint: at.version };
    } catch (error) {
      options.onCheckpointFailed?.(error);
      // Do not try again with every commit.
      current = { ...current, checkpoint: version };
    }
  }

  async function createNow({ layout, description, configuration }: Definition): Promise<Snapshot> {
    checkLayout(`the table ${table}`, layout);
    const found = await newest();
    if (found === undefined) {
      const begun = now();
      const info: CommitInfo = { timestamp: begun, operation: 'CREATE TABLE', engineInfo: engine, txnId: randomUUID() };
      const metaData = metaDataOf({
        id: randomUUID(),
        name: table.slice(table.lastIndexOf('/') + 1),
        description,
        layout,
        configuration: {
          'delta.checkpointInterval': String(checkpointEvery),
          'delta.deletedFileRetentionDuration': interval(keepFilesMs),
          'delta.logRetentionDuration': interval(keepLogMs),
          ...configuration,
        },
        createdTime: begun,
      });
      const actions: Action[] = [{ commitInfo: info }, { protocol: PROTOCOL }, { metaData }];
      if (await place(0, actions, info.txnId)) {
        seenAt = begun;
        current = folded(table, undefined, [{ version: 0, actions }]);
        return current;
      }
    }
    const there = found ?? (await refresh());
    // The table may lack columns that the next commit adds, but it must not be a different table.
    grown(table, there.metaData, there.columns, layout);
    return there;
  }

  async function cleanNow(): Promise<string[]> {
    const entries = await log.entries();
    const before = now() - keepLogMs;
    const old = wholeCheckpoints(entries).toSorted((a, b) => b.version - a.version);
    for (const at of old) {
      const plan = logPlan(entries, new Set([at.version]), before);
      if (plan.length === 0) continue;
      // If a checkpoint cannot be read, nothing before it is deleted.
      if ((await log.readCheckpoint(at)) === undefined) continue;
      for (const { name } of plan) await objects.remove(name);
      return plan.map(({ name }) => name);
    }
    return [];
  }

  async function vacuumNow(olderThanMs: number, dryRun: boolean): Promise<Vacuumed> {
    if (olderThanMs < LEAST_LOG_AGE || olderThanMs > keepFilesMs) {
      const bounds = `an hour and the ${keepFilesMs} ms for which the table remembers what was removed`;
      throw new TributaryError('USAGE', `a vacuum of ${table} keeps files for a time between ${bounds}`);
    }
    const times = { removedBefore: now() - olderThanMs, leftBefore: now() - keepFilesMs };
    // List first: a file that is added meanwhile is then in the snapshot, but not in the list.
    const listed = await Array.fromAsync(objects.list(`${table}/`));
    const files = vacuumPlan(await refresh(), listed, times);
    if (!dryRun) await eachAtOnce(files, DELETES_AT_ONCE, ({ name }) => objects.remove(name));
    return { files, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  return {
    table,
    create: (definition) => inTurn(() => createNow(definition)),
    refresh: () => inTurn(refresh),
    find: () => inTurn(newest),
    commit: (propose) => inTurn(() => commitNow(propose)),
    checkpoint: () =>
      inTurn(async () => {
        const snapshot = await refresh();
        await log.writeCheckpoint(snapshot, now() - keepFilesMs);
        current = { ...snapshot, checkpoint: snapshot.version };
        return snapshot.version;
      }),
    cleanLog: () => inTurn(cleanNow),
    vacuum: ({ dryRun = false, olderThanMs = keepFilesMs } = {}) => inTurn(() => vacuumNow(olderThanMs, dryRun)),
  };
}

function isOf({ actions }: Commit, id: string): boolean {
  return actions.some(({ commitInfo }) => commitInfo?.txnId === id);
}

/** In Delta's format, in seconds: engines disagree about the larger units. */
function interval(ms: number): string {
  return `interval ${Math.ceil(ms / 1000)} seconds`;
}
