/** What the chart must know about a platform: which groups read which topics, and what each of them writes. Pure functions. */
import { isArchive, isJob, possibleWorksOf, submittingOf } from '../app/platform/works.ts';
import type { Platform } from '../modules/define.ts';
import { topicSpecs } from '../modules/derived.ts';
import { notificationRequested } from '../schemas/notification.ts';
import { reportDone } from '../schemas/report.ts';
import { pipelineEvents } from '../topics/index.ts';
import { METADATA_TOPIC } from '../topics/kafka/group/metadata-topic.ts';
import { LARGEST_RECORD, MOST_AHEAD_MS } from '../topics/log/limits.ts';
import { rateOf } from './measured.ts';

/** A consumer group, with the name of its job, rollup or archive. */
export interface Group {
  readonly topic: string;
  readonly partitions: number;
  /** The topics that it writes, besides dead letters and `tributary.marks`. */
  readonly writes: readonly string[];
  /** The events that one pod processes per second, for scaling. */
  readonly eventsPerSecond: number;
}
export type Groups = Readonly<Record<string, Group>>;

/** The Kafka settings of a topic. */
interface TopicSettings {
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface Workloads {
  readonly jobs: Groups;
  readonly rollups: Groups;
  readonly archives: Groups;
  /** The group with which report workers take requests. */
  readonly reports: Groups;
  readonly topics: Readonly<Record<string, TopicSettings>>;
}

export function workloadsOf(platform: Platform): Workloads {
  const works = possibleWorksOf(platform);
  const submitting = submittingOf(platform);
  const groupsOf = (wanted: typeof works): Groups =>
    Object.fromEntries(
      wanted.map((work) => {
        const { name, from } = work;
        const writes = isJob(work) ? [from, ...work.to, ...reported(platform)].map((topic) => topic.name) : [];
        return [name, { ...read(from), writes: [...new Set(writes)], eventsPerSecond: rateOf(work) }];
      }),
    );
  return {
    jobs: groupsOf(works.filter(isJob)),
    rollups: groupsOf(works.filter((work) => !isJob(work) && !isArchive(work))),
    archives: groupsOf(works.filter(isArchive)),
    reports:
      submitting === undefined
        ? {}
        : {
            [submitting.name]: {
              ...read(submitting.from),
              writes: topicsOf(platform, [reportDone, notificationRequested]),
              eventsPerSecond: rateOf(submitting),
            },
          },
    topics: Object.fromEntries(
      [...topicSpecs(platform.topics), METADATA_TOPIC].map((spec) => [spec.name, settingsOf(spec)]),
    ),
  };
}

const read = ({ name, partitions }: Platform['topics'][number]) => ({ topic: name, partitions });

/** Jobs report every batch to this topic, if the platform has it. */
const reported = ({ topics }: Platform) => topics.filter((topic) => topic === pipelineEvents);

const topicsOf = ({ topics }: Platform, events: readonly unknown[]): string[] =>
  topics.filter((topic) => topic.events.some((event) => events.includes(event))).map(({ name }) => name);

function settingsOf({
  partitions,
  retentionMs,
  compacted = false,
}: {
  readonly partitions: number;
  readonly retentionMs: number;
  readonly compacted?: boolean;
}): TopicSettings {
  return {
    partitions,
    config: {
      'cleanup.policy': compacted ? 'compact' : 'delete',
      'retention.ms': String(retentionMs),
      'max.message.bytes': String(LARGEST_RECORD),
      'message.timestamp.after.max.ms': String(MOST_AHEAD_MS),
      ...(compacted && { 'segment.bytes': String(16 * 1024 * 1024) }),
    },
  };
}
