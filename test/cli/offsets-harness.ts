/** The `offsets` commands, on the stores of a campus. */
import type { TestContext } from 'node:test';
import type { Wired } from '../../app/stores/wiring.ts';
import { CAMPUS_JOBS, Campus } from '../harness/campus.ts';
import { command } from './in-process.ts';

interface Shown {
  readonly job: string;
  readonly partitions: readonly {
    readonly committed: number | null;
    readonly end: number;
    readonly lag: number;
    readonly furthest: number;
    readonly token: number;
    readonly dedupe: number;
    readonly notes: readonly string[];
  }[];
}

export async function campus(t: TestContext): Promise<Campus> {
  const opened = await Campus.open();
  t.after(() => opened.stores.close());
  return opened;
}

export const wiredTo = (of: Campus) =>
  ({
    stores: of.stores,
    platform: { jobs: CAMPUS_JOBS, datasources: [], topics: [] },
    config: { archive: 'off' },
    runtime: () => of.runtime(),
    prepare: async () => {},
  }) as unknown as Wired;

export async function show(of: Campus, jobs: readonly string[] = []): Promise<{ text: string; shown: Shown[] }> {
  const { stdout } = await command(wiredTo(of), 'offsets show', { jobs, json: true });
  return { text: stdout, shown: JSON.parse(stdout) };
}

export const showText = (of: Campus) => command(wiredTo(of), 'offsets show', { jobs: [], json: false });

export async function rebuildViews(of: Campus): Promise<void> {
  const { code, stderr } = await command(wiredTo(of), 'rebuild-views', { jobs: [], only: [], json: false });
  if (code !== 0) throw new Error(stderr);
}

/** Moves all partitions unless `rest` names one, and applies the move unless `rest` says otherwise. */
export async function seek(of: Campus, job: { readonly name: string }, to: unknown, rest: object = {}, input = '') {
  const args = { job: job.name, partition: null, to, restored: false, apply: true, json: false, ...rest };
  const ended = await command(wiredTo(of), 'offsets seek', args, input);
  if (ended.code !== 0) throw new Error(ended.stderr);
  return ended.stdout;
}

export const begin = { kind: 'begin' };
export const end = { kind: 'end' };
export const saved = { kind: 'saved' };
export const at = (time: number) => ({ kind: 'time', time });
