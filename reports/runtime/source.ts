/** What the rollup runtime makes of a topic: segments of one table. Datasources count, the archive keeps; both are sources. */
import type { Event, EventDef, EventOf } from '../../core/event.ts';
import type { FoundRows, Lookups, Rejection } from '../../jobs/define.ts';
import type { Layout, SegmentRow } from '../../sinks/segments/columns.ts';
import type { Topic } from '../../topics/define.ts';
import type { LogRecord } from '../../topics/log/transport.ts';

/** What was made of records since the fold was begun or drained, in memory alone. It reads no clock and knows no positions. */
export interface SegmentFold {
  /** Counts an event, unless it is none of the source's. Throws what the functions of the declaration throw, and has counted nothing then. */
  add(event: Event, found: FoundRows, record: LogRecord): Rejection | undefined;
  /** How many events were counted. */
  readonly events: number;
  /** How many rows they make. */
  readonly rows: number;
  /** About how much memory it takes. */
  readonly bytes: number;
  /** Its rows, and the fold is empty at once. They may be read more than once. */
  drain(): readonly SegmentRow[] | Iterable<SegmentRow>;
}

export interface SegmentSource {
  /** Its consumer group, and its label in metrics and logs. */
  readonly name: string;
  /** The prefix of its tables in the objects, such as `rollups/enrollments`. */
  readonly prefix: string;
  readonly doc: string;
  readonly from: Topic;
  /** The types that it takes; records of others are skipped undecoded. */
  readonly wanted: ReadonlyMap<string, EventDef>;
  readonly lookups: ((event: EventOf<EventDef>) => Lookups) | undefined;
  readonly layout: Layout;
  readonly sortBy: readonly string[];
  /** What of the declaration cannot change under rows that are there, as properties of the table. */
  readonly fixed: Readonly<Record<string, string>>;
  /** How segments of a day are merged by a compaction: a query over a relation; undefined: they are only put together. */
  readonly merge: ((relation: string) => string) | undefined;
  /** How many days its table keeps; undefined: all. */
  readonly retentionDays: number | undefined;
  /** `topicId` as `shortId` makes it: that of the topic whose records it will be given. */
  newFold(topicId: string): SegmentFold;
}
