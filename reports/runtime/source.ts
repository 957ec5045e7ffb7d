/** What the rollup runtime makes of a topic: segments of one table. Datasources count, the archive keeps; both are sources. */
import type { Event, EventDef, EventOf } from '../../core/event.ts';
import type { FoundRows, Lookups, Rejection } from '../../jobs/define.ts';
import type { Layout, SegmentRow } from '../../sinks/segments/columns.ts';
import type { Topic } from '../../topics/define.ts';
import type { LogRecord } from '../../topics/log/transport.ts';

/** What was counted since the fold was begun or drained, only in memory. It reads no clock and knows no positions. */
export interface SegmentFold {
  /** Counts an event, unless it is not one of the source. Throws the errors of the declared functions, and has counted nothing then. */
  add(event: Event, found: FoundRows, record: LogRecord): Rejection | undefined;
  /** How many events were counted. */
  readonly events: number;
  /** How many rows they make. */
  readonly rows: number;
  /** About how much memory it takes. */
  readonly bytes: number;
  /** Its rows; the fold is empty at once. They may be read more than once. */
  drain(): readonly SegmentRow[] | Iterable<SegmentRow>;
}

export interface SegmentSource {
  /** Its consumer group, and its label in metrics and logs. */
  readonly name: string;
  /** The prefix of its tables in the objects, such as `rollups/enrollments`. */
  readonly prefix: string;
  readonly doc: string;
  readonly from: Topic;
  /** The types that it counts; records of others are skipped undecoded. */
  readonly wanted: ReadonlyMap<string, EventDef>;
  /** Whether it takes records that are for one job alone, too. Otherwise it skips them. */
  readonly forEveryJob: boolean;
  readonly lookups: ((event: EventOf<EventDef>) => Lookups) | undefined;
  readonly layout: Layout;
  readonly sortBy: readonly string[];
  /** The parts of the declaration that cannot change for existing rows, as properties of the table. */
  readonly fixed: Readonly<Record<string, string>>;
  /** How a compaction merges segments of a day: a query over a relation; undefined: they are only concatenated. */
  readonly merge: ((relation: string) => string) | undefined;
  /** How many days its table keeps; undefined: all. */
  readonly retentionDays: number | undefined;
  /** `topicId` as `shortId` makes it: that of the topic whose records it will get. */
  newFold(topicId: string): SegmentFold;
}
