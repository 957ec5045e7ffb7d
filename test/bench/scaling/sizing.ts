/** From learners to partitions, workers, nodes and bytes: the arithmetic of docs/capacity.md, with measured figures. */

/** From `npm run bench:capacity` and docs/performance.md, as docs/capacity.md explains. */
export const MEASURED = {
  /** Events a second of a worker that does more than catch up: half of what was measured for a backlog. */
  workerRate: 2000,
  /** Events a second of one partition: half of that again, since its worker has other partitions. */
  partitionRate: 1000,
  /** Bytes of one learner in one course, with visits of all its 40 contents, in one copy. */
  cassandraBytes: 3000,
  redisBytes: 960,
  elasticsearchBytes: 370,
  /** Including the events that jobs emit because of it. */
  kafkaBytesOfEvent: 420,
  /** CPU seconds of Cassandra for an event in one copy. */
  cassandraCpu: 133e-6,
} as const;

/** The assumptions of the page. Every reader has other numbers. */
export const ASSUMED = {
  coursesOfLearner: 3,
  /** The share of learners that are active on a day, and the events of each of them. */
  activeShare: 0.2,
  eventsOfActive: 30,
  /** The ratio of the busiest second to the average one: a wave of 1.8, and a rush on top. */
  peak: 5,
  usedShare: 0.75,
  retentionDays: 30,
  copies: 3,
  /** A node of Cassandra: its cores, how busy they should be, and the bytes that it should hold. */
  node: { cores: 8, usedShare: 0.5, bytes: 1e12 },
} as const;

export interface Size {
  readonly learners: number;
  readonly eventsOfDay: number;
  /** Events a second. */
  readonly average: number;
  readonly peak: number;
  readonly partitions: number;
  /** Workers of the busiest job. The other jobs need as many again. */
  readonly workers: number;
  readonly cassandraNodes: number;
  /** Including all copies. */
  readonly cassandraBytes: number;
  readonly kafkaBytes: number;
  readonly redisBytes: number;
  readonly elasticsearchBytes: number;
}

export function sizeOf(learners: number): Size {
  const { coursesOfLearner, activeShare, eventsOfActive, usedShare, copies, retentionDays, node } = ASSUMED;
  const eventsOfDay = learners * activeShare * eventsOfActive;
  const average = eventsOfDay / 86_400;
  const peak = average * ASSUMED.peak;
  const workers = Math.ceil(peak / (MEASURED.workerRate * usedShare));
  const enrollments = learners * coursesOfLearner;
  const cassandraBytes = enrollments * MEASURED.cassandraBytes * copies;
  const byBytes = cassandraBytes / node.bytes;
  const byCpu = (peak * MEASURED.cassandraCpu * copies) / (node.cores * node.usedShare);
  return {
    learners,
    eventsOfDay,
    average,
    peak,
    partitions: partitionsFor(peak, workers),
    workers,
    cassandraNodes: Math.max(3, Math.ceil(byBytes), Math.ceil(byCpu)),
    cassandraBytes,
    kafkaBytes: eventsOfDay * retentionDays * MEASURED.kafkaBytesOfEvent * copies,
    redisBytes: enrollments * MEASURED.redisBytes,
    elasticsearchBytes: enrollments * MEASURED.elasticsearchBytes * 2,
  };
}

/** Numbers with many divisors, so that the partitions can be spread evenly over many numbers of workers. */
const ROUND = [6, 12, 24, 48, 96, 192, 384, 768];

/** Twice the number of workers at the peak, since partitions can only be added while a topic stands still. */
function partitionsFor(peak: number, workers: number): number {
  const least = Math.max(2 * workers, Math.ceil(peak / MEASURED.partitionRate));
  return ROUND.find((partitions) => partitions >= least) ?? least;
}

const LEARNERS = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

export function sizesTable(): string[][] {
  const head = [
    'learners',
    'events a day',
    'a second',
    'at the peak',
    'partitions',
    'workers',
    'Cassandra',
    'Kafka',
    'Redis',
    'Elasticsearch',
  ];
  const rows = LEARNERS.map(sizeOf).map((size) => [
    whole(size.learners),
    whole(size.eventsOfDay),
    whole(size.average),
    whole(size.peak),
    whole(size.partitions),
    whole(size.workers),
    `${size.cassandraNodes} nodes, ${bytes(size.cassandraBytes)}`,
    bytes(size.kafkaBytes),
    bytes(size.redisBytes),
    bytes(size.elasticsearchBytes),
  ]);
  return [head, ...rows];
}

const whole = (n: number): string => Math.max(1, Math.round(n)).toLocaleString('en');

function bytes(n: number): string {
  const units = ['MB', 'GB', 'TB'];
  let value = n / 1e6;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
