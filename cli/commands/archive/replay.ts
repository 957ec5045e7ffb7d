/** `tributary archive replay`: sends archived events to a topic once more. */

import { topicNamed } from '../../../app/platform/names.ts';
import { prepareSchemas } from '../../../app/stores/wiring.ts';
import { ArchiveReader } from '../../../reports/operate/archive-reader.ts';
import { currentTable } from '../../../reports/operate/kept.ts';
import { type ReplayPosition, replayArchive } from '../../../reports/operate/replay.ts';
import { archiveOf } from '../../../reports/runtime/archive-source.ts';
import { print, printJson, type Run } from '../../context.ts';
import { FAILED, usage } from '../../errors.ts';
import { progressLine } from '../../output/progress-line.ts';
import { counted } from '../rollup/tables.ts';

export interface Args {
  readonly topic: string;
  /** When the records came into the log, in ms since 1970 UTC. */
  readonly from: number | null;
  readonly to: number | null;
  readonly types: readonly string[];
  readonly key: string | null;
  /** Null: the topic from which they were archived. */
  readonly into: string | null;
  readonly after: ReplayPosition | null;
  readonly yes: boolean;
  readonly json: boolean;
  readonly progress: boolean;
}

export const run: Run<Args> = async (context, args) => {
  const { wired, stderr, signal } = context;
  const { topics } = wired.platform;
  const topic = topicNamed(args.topic, topics);
  const into = topicNamed(args.into ?? args.topic, topics);
  const unknown = args.types.find((type) => ![...topic.events, ...topic.broadcasts].some((def) => def.type === type));
  if (unknown !== undefined) throw usage(`${topic.name} has no event ${unknown}`);
  const stores = await wired.segments();
  const found = await currentTable(stores, archiveOf(topic));
  if (found === undefined) {
    throw usage(`${topic.name} has no archive: keep one with --archive on, or with run ${archiveOf(topic).name}`);
  }
  const reader = new ArchiveReader(stores, topic, found.snapshot, {
    from: args.from ?? undefined,
    to: args.to ?? undefined,
    types: args.types.length === 0 ? undefined : args.types,
    key: args.key ?? undefined,
  });
  const types = await reader.types(signal);
  const total = types.reduce((sum, { events }) => sum + events, 0);
  if (!args.yes) {
    if (args.json) {
      await printJson(context, { done: false, topic: topic.name, into: into.name, events: total, types });
      return undefined;
    }
    if (total === 0) {
      await print(context, `the archive of ${topic.name} has no such event`);
      return undefined;
    }
    await print(context, `${counted(total, 'event')} of ${topic.name} would be sent to ${into.name}:`);
    for (const { type, events } of types) await print(context, `  ${events.toLocaleString('en')}  ${type}`);
    const derived = types.reduce((sum, each) => sum + each.derived, 0);
    if (derived > 0) {
      await print(
        context,
        `Jobs derived ${derived.toLocaleString('en')} of them: readers that have seen these skip them.`,
      );
    }
    await print(context, 'Nothing was done: do it with --yes.');
    return undefined;
  }
  await prepareSchemas(wired.stores.codec, wired.platform);
  const line = progressLine(stderr, args.progress);
  let reached: ReplayPosition | undefined;
  try {
    const replayed = await replayArchive({
      reader,
      into,
      codec: wired.stores.codec,
      transport: wired.stores.transport,
      now: stores.now,
      after: args.after ?? undefined,
      signal,
      progress(events, at) {
        reached = at;
        line.show(`${events.toLocaleString('en')} of ${total.toLocaleString('en')} events`);
      },
    });
    line.clear();
    const { events, records, leftOut, problems } = replayed;
    for (const problem of problems) stderr.write(`${problem}\n`);
    if (args.json) await printJson(context, { done: true, topic: topic.name, into: into.name, ...replayed });
    else {
      const left = leftOut === 0 ? '' : `; ${counted(leftOut, 'event')} could not be sent`;
      await print(context, `${counted(events, 'event')} sent to ${into.name}, as ${counted(records, 'record')}${left}`);
    }
    return leftOut === 0 ? undefined : FAILED;
  } catch (error) {
    line.clear();
    if (reached !== undefined) stderr.write(`Continue with --after ${textOf(reached)}\n`);
    throw error;
  }
};

const textOf = ({ topicId, partition, offset }: ReplayPosition): string => `${topicId}/${partition}/${offset}`;
