/** The order in which jobs that lost rows have to be restored: jobs whose rows others look up come first. Pure. */
import type { EventDef, EventOf } from '../../../core/event.ts';
import type { Job } from '../../define.ts';

/**
 * The jobs that have to catch up before this one starts: it looks up their rows, and their rows do not follow from events that it emits. If
 * this job started first, it would conclude without those rows, and would later skip the events that announce them as repeats.
 */
export function jobsBefore(job: Job, jobs: readonly Job[]): Job[] {
  const tables = tablesLookedUp(job);
  const downstream = topicsDownstream(job, jobs);
  return jobs.filter((other) => other !== job && tables.has(other.row.name) && !downstream.has(other.from.name));
}

/** The order in which to start jobs that have lost rows; undefined if any order will do. */
export function orderAdvice(lost: readonly Job[], jobs: readonly Job[]): string | undefined {
  const pairs = jobs.flatMap((after) => jobsBefore(after, jobs).map((before) => ({ before, after })));
  const concerned = pairs.filter(({ before, after }) => lost.includes(before) || lost.includes(after));
  const lines = [...Map.groupBy(concerned, ({ before }) => before.name)].map(
    ([before, all]) =>
      `start ${before} alone, until \`tributary lag ${before} --wait\` ends, and then ${all.map(({ after }) => after.name).join(', ')}, which looks up its rows`,
  );
  return lines.length === 0 ? undefined : lines.join('; ');
}

/** `lookups` is a function of the event, so this tries every event that the job knows, with an empty text in each field. */
function tablesLookedUp({ on, lookups }: Job): ReadonlySet<string> {
  const tables = new Set<string>();
  for (const { type } of on) {
    try {
      const found = lookups?.(EMPTY_TEXTS, { type, data: EMPTY_TEXTS } as unknown as EventOf<EventDef>) ?? {};
      for (const { table } of Object.values(found)) tables.add(table.name);
    } catch {
      // The function needs more of this event than empty texts. The lookups of other events are still found.
    }
  }
  return tables;
}

const EMPTY_TEXTS: Readonly<Record<string, string>> = new Proxy({}, { get: () => '' });

function topicsDownstream(job: Job, jobs: readonly Job[]): ReadonlySet<string> {
  const topics = new Set(job.to.map(({ name }) => name));
  for (const name of topics) {
    for (const { from, to } of jobs) if (from.name === name) for (const topic of to) topics.add(topic.name);
  }
  return topics;
}
