/** From learners to partitions, workers, nodes and bytes: the arithmetic of docs/capacity.md, with the figures that were measured. */

/** From `npm run bench:capacity` and docs/performance.md; docs/capacity.md says how. */
export const MEASURED = {
  /** Events a second of one worker that does not only catch up: half of what was measured for a backlog. */
  workerRate: 2000,
  /** Of one partition: half of that again, since its worker has other ones. */
  partitionRate: 1000,
  /** Of one learner in one course who has visited all of its 40 contents, in one copy. */
  cassandraBytes: 3000,
  redisBytes: 960,
  elasticsearchBytes: 370,
  /** With what jobs say because of it. */
  kafkaBytesOfEvent: 420,
  /** Seconds of CPU that Cassandra takes for an event in one copy. */
  cassandraCpu: 133e-6,
} as const;

/** What the page assumes; every reader has other numbers. */
export const ASSUMED = {
  coursesOfLearner: 3,
  /** The share of learners that does something on a day, and how many events each of them makes. */
  activeShare: 0.2,
  eventsOfActive: 30,
  /** The busiest second against the average one: a wave of 1.8, and a rush on top. */
  peak: 5,
  usedShare: 0.75,
  retentionDays: 30,
  copies: 3,
  /** Of Cassandra's nodes: cores, how busy they are to be, and how much each is to hold. */
  node: { cores: 8, usedShare: 0.5, bytes: 1e12 },
} as const;

export interface Size {
  readonly learners: number;
  readonly eventsOfDay: number;
  /** Events a second. */
  readonly average: number;
  readonly peak: number;
  readonly partitions: number;
  /** Of the job that has the most to do. The others need as many again. */
  readonly workers: number;
  readonly cassandraNodes: number;
  /** With all copies. */
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

/** Numbers that many numbers of workers divide. */
const ROUND = [6, 12, 24, 48, 96, 192, 384, 768];

/** Twice as many as there are workers at the peak, since they can only be added while a topic stands still. */
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
