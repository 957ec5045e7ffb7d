/**
 * One trial of a Delta table: two writers of one application and a single one, compaction, other engines, checkpoints, log clean-up,
 * vacuum and damage at once. A seed decides their order, crashes and lost answers. The result must equal the log folded independently.
 */
import assert from 'node:assert/strict';
import { kindOf } from '../../core/errors.ts';
import {
  type Action,
  type Add,
  type DeltaTable,
  deltaTable,
  filesOf,
  growthOf,
  type Snapshot,
  txnOf,
} from '../../sinks/delta/index.ts';
import { GROWN, LAYOUT } from '../contracts/delta-samples.ts';
import { plainDuck } from './delta-duck.ts';
import { assertSame, type Folded, foldPlainly } from './delta-oracle.ts';
import { Crash, drawsOf, TrialStore } from './delta-store.ts';

const TABLE = 't';
const LOG = `${TABLE}/_delta_log/`;
const FIRST = `${LOG}${'0'.repeat(20)}.json`;
const HOUR = 3_600_000;
const KEEP_FILES = 12 * HOUR;
const UNITS = 5;
/** The applications of the writers: two share one, the third has its own. */
const APPS = ['a', 'a', 'b'];
const DAYS = ['2026-11-29', '2026-11-30'];

export interface Seen {
  conflicts: number;
  dropped: number;
  crashes: number;
  cleaned: number;
  vacuumed: number;
  checkpoints: number;
}

export async function deltaTrial(seed: number): Promise<Seen> {
  const draw = drawsOf(seed);
  const store = new TrialStore(draw, { crash: 0.01, away: 0.05 });
  return new Trial(store, draw).run();
}

class Trial {
  readonly store: TrialStore;
  readonly draw: () => number;
  readonly duck = plainDuck();
  /** The units of work in each file, by path. */
  readonly contents = new Map<string, readonly string[]>();
  /** When a file was removed from the table, by path. */
  readonly removedAt = new Map<string, number>();
  readonly seen: Seen = { conflicts: 0, dropped: 0, crashes: 0, cleaned: 0, vacuumed: 0, checkpoints: 0 };
  names = 0;
  working = 0;
  isCleaning = false;

  constructor(store: TrialStore, draw: () => number) {
    this.store = store;
    this.draw = draw;
    store.onRemove = (name) => this.checkRemoval(name);
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.draw() * items.length)] as T;
  }

  open(): DeltaTable {
    return deltaTable({
      objects: this.store.process().objects,
      duck: this.duck,
      table: TABLE,
      now: () => this.store.now,
      engine: 'trial',
      checkpointEvery: 4,
      keepFilesMs: KEEP_FILES,
      keepLogMs: 2 * HOUR,
      random: this.draw,
      pause: () => this.store.turn(),
    });
  }

  async run(): Promise<Seen> {
    const { store } = this;
    // The writer that comes first creates the table.
    const workers = [
      ...APPS.map((app) => this.writer(app)),
      this.times(4, (table) => this.compact(table)),
      this.times(6, (table) => this.clean(table)),
      this.grow(),
    ];
    this.working = workers.length;
    const counted = workers.map((each) => each.finally(() => this.working--));
    await store.runAll([...counted, this.others(), this.damage(), this.clock(), this.reader(), this.reader()]);
    // In the end, a new reader must see everything, whatever the state of the log.
    Object.assign(store.trouble, { crash: 0, away: 0 });
    const last = this.open();
    await store.runAll([this.checked(last).then(() => undefined)]);
    const { files, txns, columns } = this.fold();
    assert.equal(columns, GROWN.columns.length);
    const units = [...files.keys()].flatMap((path) => this.contents.get(path) ?? []);
    const expected = [...new Set(APPS)].flatMap((app) => Array.from({ length: UNITS }, (_, n) => `${app}${n}`));
    assert.deepEqual(units.sort(), expected.sort(), 'each unit of work is there once');
    for (const app of APPS) assert.equal(txns.get(app), UNITS);
    for (const path of files.keys())
      assert.ok(store.stored.has(`${TABLE}/${path}`), `${path} is in the table and deleted`);
    return this.seen;
  }

  // ---- expectations ----

  fold(version = this.store.commits.length - 1): Folded {
    return foldPlainly(this.store.commits.slice(0, version + 1));
  }

  /** Reads the table and checks the snapshot: it matches the log, and is at least as new as the log was at the request. */
  async checked(table: DeltaTable): Promise<Snapshot> {
    const least = this.store.commits.length - 1;
    const snapshot = await table.refresh();
    assert.ok(snapshot.version >= least, `read version ${snapshot.version} when there was ${least}`);
    this.compare(snapshot);
    return snapshot;
  }

  compare(snapshot: Snapshot): void {
    assertSame(snapshot, this.fold(snapshot.version));
  }

  checkRemoval(name: string): void {
    const path = name.slice(TABLE.length + 1);
    if (!this.contents.has(path)) return;
    this.seen.vacuumed += 1;
    assert.ok(!this.fold().files.has(path), `${path} was deleted and is in the table`);
    const removedAt = this.removedAt.get(path);
    if (removedAt !== undefined) assert.ok(this.store.now - removedAt >= KEEP_FILES, `${path} was deleted too early`);
  }

  // ---- actors ----

  /** Retries until the work is done: with the same table after an outage, and with a new one after a crash. */
  async persist(work: (table: DeltaTable) => Promise<void>): Promise<void> {
    let table = this.open();
    for (;;) {
      try {
        return await work(table);
      } catch (error) {
        if (error instanceof Crash) this.seen.crashes += 1;
        else if (kindOf(error) !== 'retry') throw error;
        if (error instanceof Crash || this.draw() < 0.3) table = this.open();
        await this.store.turn();
      }
    }
  }

  async times(count: number, work: (table: DeltaTable) => Promise<void>): Promise<void> {
    await this.persist((table) => this.made(table));
    for (let n = 0; n < count; n += 1) await this.persist(work);
  }

  async made(table: DeltaTable): Promise<void> {
    await table.create({ layout: LAYOUT });
  }

  async upload(table: DeltaTable, units: readonly string[], day: string, dataChange: boolean): Promise<Add> {
    this.names += 1;
    const path = `date=${day}/f${this.names}.parquet`;
    this.contents.set(path, units);
    const modificationTime = this.store.now;
    await this.store.turn();
    this.store.create(`${table.table}/${path}`, Buffer.from('rows'));
    return { path, partitionValues: { date: day }, size: 4, modificationTime, dataChange, stats: '{"numRecords":1}' };
  }

  async writer(app: string): Promise<void> {
    await this.persist((table) => this.made(table));
    await this.persist(async (table) => {
      for (let next = txnOf(await this.checked(table), app) ?? 0; next < UNITS; ) {
        const start = next;
        const add = await this.upload(table, [`${app}${start}`], this.pick(DAYS), true);
        const { committed, snapshot, conflicts } = await table.commit((each) => {
          if ((txnOf(each, app) ?? 0) !== start) return undefined;
          return { operation: 'WRITE', actions: [{ add }, { txn: { appId: app, version: start + 1 } }] };
        });
        this.seen.conflicts += conflicts;
        if (!committed) this.seen.dropped += 1;
        this.compare(snapshot);
        next = txnOf(snapshot, app) ?? 0;
        if (committed) assert.equal(next, start + 1);
      }
    });
  }

  async compact(table: DeltaTable): Promise<void> {
    const snapshot = await this.checked(table);
    const day = this.pick(DAYS);
    const inputs = filesOf(snapshot, day).slice(0, 3);
    if (inputs.length < 2) return;
    const units = inputs.flatMap(({ path }) => this.contents.get(path) ?? []);
    const add = await this.upload(table, units, day, false);
    await table.commit((each) => {
      const there = new Set(filesOf(each).map(({ path }) => path));
      if (!inputs.every(({ path }) => there.has(path))) return undefined;
      return { operation: 'OPTIMIZE', actions: [{ add }, ...inputs.map((input) => this.removal(input))] };
    });
  }

  removal({ path, partitionValues }: Add): Action {
    this.removedAt.set(path, this.store.now);
    // Some writers leave out the day.
    const day = this.draw() < 0.5 ? { partitionValues } : {};
    return { remove: { path, dataChange: false, deletionTimestamp: this.store.now, ...day } };
  }

  async grow(): Promise<void> {
    await this.persist((table) => this.made(table));
    await this.persist(async (table) => {
      await table.commit((each) => ({ operation: 'GROW', actions: growthOf(each, GROWN) }));
    });
  }

  async clean(table: DeltaTable): Promise<void> {
    const before = this.seen.checkpoints;
    if (this.draw() < 0.7) this.seen.checkpoints = before + ((await table.checkpoint()) > 0 ? 1 : 0);
    if (this.draw() < 0.7) {
      this.isCleaning = true;
      this.seen.cleaned += (
        await table.cleanLog().finally(() => {
          this.isCleaning = false;
        })
      ).length;
    }
    if (this.draw() < 0.5) await table.vacuum();
  }

  // ---- disturbances ----

  async others(): Promise<void> {
    for (let n = 0; n < 8; n += 1) {
      for (let wait = 0; wait < 12; wait += 1) await this.store.turn();
      if (this.store.commits.length === 0) continue;
      const { files } = this.fold();
      const file = this.pick([...files.values()]);
      const actions: object[] = [{ commitInfo: { operation: 'VACUUM END' } }, { unknownToUs: {} }];
      if (this.draw() < 0.4) actions.push({ txn: { appId: 'theirs', version: n } });
      if (file !== undefined && this.draw() < 0.5) {
        this.names += 1;
        const path = `date=${file.partitionValues['date']}/part-${this.names}.parquet`;
        this.contents.set(path, this.contents.get(file.path) ?? []);
        this.store.create(`${TABLE}/${path}`, Buffer.from('rows'));
        actions.push({ add: { ...file, path, dataChange: false } }, this.removal(file));
      }
      const version = this.store.commits.length;
      const text = actions.map((action) => JSON.stringify(action)).join('\n');
      this.store.create(`${LOG}${String(version).padStart(20, '0')}.json`, Buffer.from(text));
    }
  }

  /** Damages what the log can do without: files are lost, set back or garbled. */
  async damage(): Promise<void> {
    const pointer = `${LOG}_last_checkpoint`;
    while (this.working > 0) {
      for (let wait = 0; wait < 8; wait += 1) await this.store.turn();
      const names = [...this.store.stored.keys()].filter((name) => name.endsWith('.checkpoint.parquet'));
      const checkpoint = this.pick(names);
      if (checkpoint === undefined) continue;
      const dice = this.draw();
      const version = Number(/(\d{20})\./.exec(checkpoint)?.[1]);
      if (dice < 0.3) this.store.put(pointer, Buffer.from(JSON.stringify({ version, size: 1 })));
      else if (dice < 0.4) this.store.put(pointer, Buffer.from('{"version":'));
      else if (dice < 0.5) this.store.put(pointer, Buffer.from(JSON.stringify({ version: version + 1 })));
      else if (dice < 0.6) this.store.remove(pointer);
      // Only if every commit exists and remains. Otherwise the table would be unreadable.
      else if (dice < 0.8 && !this.isCleaning && this.store.isSettled && this.store.stored.has(FIRST)) {
        this.store.put(checkpoint, Buffer.from('PAR1'));
      }
    }
  }

  async clock(): Promise<void> {
    while (this.working > 0) {
      for (let wait = 0; wait < 6; wait += 1) await this.store.turn();
      const jump = this.draw() * 3 * HOUR;
      // If a write took longer than half of the retention, it might refer to files that are gone.
      if (this.store.isYoung(KEEP_FILES / 2 - 3 * HOUR)) this.store.now += Math.floor(jump);
    }
  }

  async reader(): Promise<void> {
    while (this.working > 0) {
      await this.persist(async (table) => {
        while (this.working > 0) {
          for (let wait = Math.floor(this.draw() * 60); wait > 0; wait -= 1) await this.store.turn();
          const found = await table.find();
          if (found !== undefined) await this.checked(table);
        }
      });
    }
  }
}
