/** What the rollup runtime makes from a topic: segments of one table. Datasources count events, archives keep them; both are sources. */
import type { Event, EventDef, EventOf } from '../../core/event.ts';
import type { FoundRows, Lookups, Rejection } from '../../jobs/define.ts';
import type { Layout, SegmentRow } from '../../sinks/segments/columns.ts';
import type { Topic } from '../../topics/define.ts';
import type { LogRecord } from '../../topics/log/transport.ts';

/** What was counted since the fold was created or drained, in memory only. It reads no clock and knows no positions. */
export interface SegmentFold {
  /** Counts an event, unless it is not one of the source. If a declared function throws, nothing was counted. */
  add(event: Event, found: FoundRows, record: LogRecord): Rejection | undefined;
  /** The number of counted events. */
  readonly events: number;
  /** The number of rows. */
  readonly rows: number;
  /** Approximate memory, in bytes. */
  readonly bytes: number;
  /** Its rows, which may be read more than once. The fold is empty at once. */
  drain(): readonly SegmentRow[] | Iterable<SegmentRow>;
}

export interface SegmentSource {
  /** Its consumer group, and its label in metrics and logs. */
  readonly name: string;
  /** The prefix of its tables in the objects, such as `rollups/enrollments`. */
  readonly prefix: string;
  readonly doc: string;
  readonly from: Topic;
  /** The types that it counts. Records of other types are skipped without being decoded. */
  readonly wanted: ReadonlyMap<string, EventDef>;
  /** Whether it also takes records for one job alone. Otherwise it skips them. */
  readonly forEveryJob: boolean;
  readonly lookups: ((event: EventOf<EventDef>) => Lookups) | undefined;
  readonly layout: Layout;
  readonly sortBy: readonly string[];
  /** The parts of the declaration that must not change while rows exist, stored as properties of the table. */
  readonly fixed: Readonly<Record<string, string>>;
  /** The query by which a compaction merges the segments of a day, from a relation. Undefined: they are only concatenated. */
  readonly merge: ((relation: string) => string) | undefined;
  /** How many days its table keeps; undefined: all. */
  readonly retentionDays: number | undefined;
  /** `topicId`: as returned by `shortId`, the id of the topic whose records it will get. */
  newFold(topicId: string): SegmentFold;
}
