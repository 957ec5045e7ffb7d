/** Events about learners and batches, as a platform and its jobs produce them, and a direct count of the topics. */
import type { Event, EventDef } from '../../core/event.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import { learnerCompleted, learnerJoined, learnerLeft } from '../../schemas/batch.ts';
import { contentProgressed } from '../../schemas/enrollment.ts';
import { recordsOf } from '../../testing/produce.ts';
import type { Random } from '../../testing/random.ts';
import type { Codec } from '../../topics/codec/codec.ts';
import type { Topic } from '../../topics/define.ts';
import { batchEvents, enrollmentEvents } from '../../topics/index.ts';
import type { LogRecord, NewRecord } from '../../topics/log/transport.ts';

const COURSES = 4;
const LEARNERS = 300;
/** The upstream job of `batch.events`, and the topic it reads. */
const UPSTREAM = 'track-progress/enrollment.events';
const UPSTREAM_PARTITIONS = 4;
const PAGE = 1000;

interface Line {
  /** The most recent records, oldest first. */
  readonly sent: NewRecord[];
  offset: number;
}

/** Produces any number of records. Some repeat earlier ones, and some cannot be read. */
export class Facts {
  readonly #random: Random;
  readonly #codec: Codec;
  readonly #lines = Array.from({ length: UPSTREAM_PARTITIONS }, (): Line => ({ sent: [], offset: 0 }));
  #count = 0;

  constructor(random: Random, codec: Codec) {
    this.#random = random;
    this.#codec = codec;
  }

  next(count: number, partitions: number): NewRecord[] {
    return Array.from({ length: count }, () => this.#one(partitions)).flat();
  }

  /** Forgets the records produced so far, so that they are never repeated. */
  forget(): void {
    for (const line of this.#lines) line.sent.length = 0;
  }

  #one(partitions: number): NewRecord[] {
    const random = this.#random;
    const [userId, course] = [`learner-${random.below(LEARNERS)}`, random.below(COURSES)];
    const courseId = `course-${course}`;
    if (random.chance(0.5)) {
      const data = { userId, courseId, contentId: `content-${random.below(5)}`, views: 1 + random.below(3) };
      const status = random.chance(0.5) ? 'completed' : 'started';
      const [record] = this.#record(enrollmentEvents, contentProgressed, { ...data, status }, partitions);
      return [random.chance(0.03) ? unreadable(record) : record];
    }
    const of = { batchId: `batch-${course}-${random.below(5)}`, courseId, userId };
    const state = { progress: 0, state: 'in_progress' };
    const [def, data] = random.pick<readonly [EventDef, Record<string, unknown>]>([
      [learnerJoined, { ...of, ...state, first: random.chance(0.5) }],
      [learnerLeft, { ...of, ...state }],
      [learnerCompleted, { ...of, completedAt: Date.now() - 1000 }],
    ]);
    const partition = random.below(UPSTREAM_PARTITIONS);
    const line = this.#lines[partition] as Line;
    line.offset += 1 + random.below(3);
    const [plain] = this.#record(batchEvents, def, data, partitions);
    if (random.chance(0.03)) return [unreadable(plain)];
    const headers = { ...plain.headers, ce_origin: `${UPSTREAM}/${partition}/${line.offset}/0` };
    const record = { ...plain, headers };
    line.sent.push(record);
    if (line.sent.length > 50) line.sent.shift();
    // As if the job was rewound: it emits again everything from some record on.
    return random.chance(0.1) ? [record, ...line.sent.slice(random.below(line.sent.length))] : [record];
  }

  #record(topic: Topic, def: EventDef, data: Record<string, unknown>, partitions: number): [NewRecord] {
    const id = `fact-${this.#count++}`;
    return recordsOf(this.#codec, { topic, def, data, id, time: Date.now() - 1000 }, partitions).map((record) => ({
      ...record,
      timestamp: Date.now(),
    })) as [NewRecord];
  }
}

const unreadable = (record: NewRecord): NewRecord => ({
  ...record,
  value: new TextEncoder().encode('{'),
  headers: { ...record.headers, 'content-type': 'application/json' },
});

export interface CourseFigures {
  joined: number;
  joined_first: number;
  departed: number;
  completed: number;
  /** The learners in events about enrollments. */
  readonly learners: Set<string>;
  views: number;
  readonly visitors: Set<string>;
  readonly completions: Set<string>;
}

export interface Counted {
  readonly courses: Map<string, CourseFigures>;
  /** The unreadable records, as topic/partition/offset. */
  readonly unreadable: string[];
}

/** Counts the records of both topics one by one, each fact once. Adds to `into`, which may have the counts of deleted topics. */
export async function directCount(
  stores: Pick<Stores, 'transport' | 'codec'>,
  into: Counted = { courses: new Map(), unreadable: [] },
): Promise<Counted> {
  const seen = new Set<string>();
  const wanted = new Map<string, EventDef>(
    [contentProgressed, learnerJoined, learnerLeft, learnerCompleted].map((def) => [def.type, def]),
  );
  for (const topic of [enrollmentEvents, batchEvents]) {
    for await (const record of recordsIn(stores, topic.name)) {
      await stores.codec.learn([record], wanted);
      const decoded = stores.codec.decode(topic, record, wanted);
      if (decoded.kind === 'rejected') {
        into.unreadable.push(`${topic.name}/${record.partition}/${record.offset}`);
        continue;
      }
      const origin = record.headers['ce_origin'];
      if (decoded.kind !== 'event' || (typeof origin === 'string' && seen.has(origin))) continue;
      if (typeof origin === 'string') seen.add(origin);
      count(into.courses, decoded.event);
    }
  }
  return into;
}

export async function* recordsIn({ transport }: Pick<Stores, 'transport'>, topic: string): AsyncGenerator<LogRecord> {
  const [info] = await transport.describe([topic]);
  for (const { partition, begin } of info?.partitions ?? []) {
    for (let offset = begin; ; ) {
      const records = await transport.read(topic, partition, offset, PAGE);
      const last = records.at(-1);
      if (last === undefined) break;
      yield* records;
      offset = last.offset + 1;
    }
  }
}

function count(courses: Counted['courses'], { type, data }: Event): void {
  const { userId, courseId, contentId, views, status, first } = data;
  const of = courses.get(String(courseId)) ?? noFigures();
  courses.set(String(courseId), of);
  if (type === contentProgressed.type) {
    of.views += Number(views);
    of.visitors.add(String(userId));
    if (status === 'completed') of.completions.add(`${userId} ${contentId}`);
    return;
  }
  of.learners.add(String(userId));
  if (type === learnerJoined.type) of.joined += 1;
  if (type === learnerJoined.type && first) of.joined_first += 1;
  if (type === learnerLeft.type) of.departed += 1;
  if (type === learnerCompleted.type) of.completed += 1;
}

const noFigures = (): CourseFigures => ({
  joined: 0,
  joined_first: 0,
  departed: 0,
  completed: 0,
  learners: new Set(),
  views: 0,
  visitors: new Set(),
  completions: new Set(),
});
