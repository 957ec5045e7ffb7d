/** The archive of a topic, as a source of segments. See `reports/archive/columns.ts` for the rows. */
import { type Event, isOfARow } from '../../core/event.ts';
import type { SegmentRow } from '../../sinks/segments/columns.ts';
import { ONLY_FOR } from '../../topics/codec/codec.ts';
import { attributeOf, jsonDataOf } from '../../topics/codec/envelope.ts';
import type { Topic } from '../../topics/define.ts';
import { ONLY_ROWS, ONLY_VIEWS } from '../../topics/log/only.ts';
import { FIRST_ORIGIN } from '../../topics/log/origin.ts';
import type { LogRecord } from '../../topics/log/transport.ts';
import {
  ARCHIVE_ORDER,
  archivedDefs,
  archiveLayout,
  dataCells,
  isBroadcast,
  type Parts,
  partsOf,
  unfitCells,
} from '../archive/columns.ts';
import type { SegmentFold, SegmentSource } from './source.ts';

/** The consumer group of an archive, and the name of its table. */
export const archiveJob = (topic: string): string => `archive-${topic.replaceAll('.', '-')}`;

export function archiveOf(topic: Topic): SegmentSource {
  const { name } = topic;
  const defs = archivedDefs(topic);
  const parts = new Map(defs.map((def) => [def.type, partsOf(def)]));
  return {
    name: archiveJob(name),
    prefix: `archive/${name.replaceAll('.', '-')}`,
    doc: `Every event of ${name}, as it was.`,
    from: topic,
    wanted: new Map(defs.map((def) => [def.type, def])),
    forEveryJob: true,
    lookups: undefined,
    layout: archiveLayout(topic),
    sortBy: ARCHIVE_ORDER,
    fixed: { 'tributary.topic': name },
    merge: undefined,
    retentionDays: undefined,
    newFold: (topicId) => new ArchiveFold(topic, topicId, parts),
  };
}

/** The approximate size of a row without its texts. */
const ROW_BYTES = 600;

class ArchiveFold implements SegmentFold {
  readonly #topic: Topic;
  readonly #topicId: string;
  readonly #parts: ReadonlyMap<string, Parts>;
  #rows: SegmentRow[] = [];
  #bytes = 0;

  constructor(topic: Topic, topicId: string, parts: ReadonlyMap<string, Parts>) {
    this.#topic = topic;
    this.#topicId = topicId;
    this.#parts = parts;
  }

  get events(): number {
    return this.#rows.length;
  }
  get rows(): number {
    return this.#rows.length;
  }
  get bytes(): number {
    return this.#bytes;
  }

  add(event: Event, _found: unknown, record: LogRecord): undefined {
    const data = dataCells(event.data, this.#parts.get(event.type) as Parts);
    const { partition, offset, key, headers } = record;
    this.#rows.push({
      date: new Date(event.loggedAt).toISOString().slice(0, 10),
      topic_id: this.#topicId,
      log_partition: partition,
      log_offset: offset,
      recorded_at: event.loggedAt,
      id: event.id,
      source: event.source,
      type: event.type,
      time: event.time,
      subject: textOf(attributeOf(record, 'subject')),
      tenant: event.tenant,
      key: key === null ? null : Buffer.from(key).toString(),
      origin: textOf(headers['ce_origin'] ?? attributeOf(record, 'origin')),
      broadcast: isBroadcast(this.#topic, event.type),
      only_for: textOf(isOfARow(event.type) ? event.data['job'] : headers[ONLY_FOR]),
      only_rows: textOf(headers[ONLY_ROWS]),
      only_views: textOf(headers[ONLY_VIEWS]),
      first_origin: textOf(headers[FIRST_ORIGIN]),
      ...(event.unfit && unfitCells(event.unfit, jsonDataOf(record))),
      ...data,
    });
    this.#bytes += ROW_BYTES;
    for (const cell of Object.values(data)) this.#bytes += String(cell).length;
    return undefined;
  }

  drain(): readonly SegmentRow[] {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    return rows;
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
