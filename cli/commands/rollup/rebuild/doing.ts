/** What the parts of `tributary rollup rebuild` work with, and the positions of a table's generations. */
import type { Runtime } from '../../../../jobs/runtime/stores.ts';
import type { Datasource } from '../../../../reports/define-datasource.ts';
import { madeGenerations } from '../../../../reports/operate/generations.ts';
import { daysOf, generationTable, type KeptStores } from '../../../../reports/operate/kept.ts';
import { behindTopic, rebuildGroup } from '../../../../reports/operate/rebuild.ts';
import { currentGeneration, tableName } from '../../../../reports/runtime/generations.ts';
import type { SegmentSource } from '../../../../reports/runtime/source.ts';
import type { Snapshot } from '../../../../sinks/delta/index.ts';
import type { Transport } from '../../../../topics/log/transport.ts';
import type { Context } from '../../../context.ts';
import type { ProgressLine } from '../../../output/progress-line.ts';
import { withArchive } from '../../archive/archived.ts';

export interface Args {
  readonly datasource: string;
  readonly what: 'make' | 'status' | 'compare' | 'swap' | 'back' | 'drop';
  /** For `drop`. */
  readonly generation: number | null;
  /** Whether to read records that the topic has lost from its archive. */
  readonly archive: boolean;
  readonly yes: boolean;
  readonly json: boolean;
  readonly progress: boolean;
}

export interface Doing {
  readonly context: Context;
  readonly args: Args;
  readonly datasource: Datasource;
  readonly source: SegmentSource;
  readonly stores: KeptStores;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly line: ProgressLine;
  /** Prints a line beside the progress, to the standard error. */
  readonly say: (text: string) => void;
}

export interface Status {
  readonly generation: number;
  readonly table: string;
  readonly is: 'current' | 'kept' | 'being made';
  readonly group: string;
  readonly firstDay: string | null;
  readonly lastDay: string | null;
  /** How many offsets of the topic it has yet to count. */
  readonly behind: number;
}

export async function snapshotOf({ stores, source }: Doing, generation: number): Promise<Snapshot | undefined> {
  return generationTable(stores, source, generation).find();
}

export async function statusesOf(doing: Doing): Promise<Status[]> {
  const { source, stores, runtime } = doing;
  const { transport } = runtime.stores;
  const { generation: current } = await currentGeneration(stores.objects, source.prefix);
  const { kept } = await madeGenerations(stores.objects, source.prefix);
  return Promise.all(
    kept.map(async (generation): Promise<Status> => {
      const snapshot = await snapshotOf(doing, generation);
      const days = snapshot === undefined ? [] : daysOf(snapshot);
      return {
        generation,
        table: tableName(source.prefix, generation),
        is: generation === current ? 'current' : generation < current ? 'kept' : 'being made',
        group: generation === current ? source.name : rebuildGroup(source.name, generation),
        firstDay: days[0] ?? null,
        lastDay: days.at(-1) ?? null,
        behind: await behindTopic(snapshot, source, transport),
      };
    }),
  );
}

/** The days that only the first of the two generations has. */
export async function lostDays(doing: Doing, from: Status, to: Status): Promise<string[]> {
  const [before, after] = [await snapshotOf(doing, from.generation), await snapshotOf(doing, to.generation)];
  return before === undefined ? [] : daysOf(before).filter((day) => after?.days.has(day) !== true);
}

/** The log of the topic, including records that only the archive has. */
export function transportWithArchive({ source, stores, runtime, signal, say }: Doing): Promise<Transport> {
  const { transport } = runtime.stores;
  return withArchive({ topic: source.from, reader: source.name, whole: false, stores, transport, signal, say });
}
