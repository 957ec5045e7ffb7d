/**
 * The proof that a person was forgotten: what was found where, and what remains. It has a digest of the person and nothing else about them.
 */
import type { Wired } from '../stores/wiring.ts';
import type { FoundRow } from './rows.ts';

export interface Found {
  /** By table, index or cache: how many rows or records. */
  readonly rows: Readonly<Record<string, number>>;
  readonly views: Readonly<Record<string, number>>;
  /** Messages in the outbox of this machine. */
  readonly messages: number;
  /** Report files of the tenant, and running reports. */
  readonly reportFiles: number;
  /** By archive or datasource: how many rows. */
  readonly segments: Readonly<Record<string, number>>;
}

export interface Proof {
  readonly person: string;
  readonly tenant: string;
  /** In ISO 8601: the time of the first request, and the time of completion. */
  readonly askedAt: string;
  readonly doneAt: string;
  /** The state before anything was removed. */
  readonly found: Found;
  /** What remains, each with the reason and until when. */
  readonly remains: readonly string[];
}

const DAY_MS = 86_400_000;
const day = (time: number): string => new Date(time).toISOString().slice(0, 10);

export function counted(rows: readonly FoundRow[]): Pick<Found, 'rows' | 'views'> {
  const count = (names: readonly string[]) =>
    Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
  return {
    rows: count(rows.map(({ job }) => job.row.name)),
    views: count(rows.flatMap(({ views }) => views.map(({ target }) => target.name))),
  };
}

type Counts = Readonly<Record<string, number>>;

/** For two findings of one person: the larger of each pair of numbers. */
export function largest(a: Found, b: Found): Found {
  const of = (x: Counts, y: Counts): Counts => {
    const names = Object.keys({ ...x, ...y });
    return Object.fromEntries(names.map((name) => [name, Math.max(x[name] ?? 0, y[name] ?? 0)]));
  };
  return {
    rows: of(a.rows, b.rows),
    views: of(a.views, b.views),
    messages: Math.max(a.messages, b.messages),
    reportFiles: Math.max(a.reportFiles, b.reportFiles),
    segments: of(a.segments, b.segments),
  };
}

export interface Left {
  readonly found: Found;
  readonly ownRequests: number;
  /** Tables of generations that are not current. */
  readonly generations: readonly string[];
}

/** Data that this installation cannot remove at once. */
export function remaining({ platform, config }: Pick<Wired, 'platform' | 'config'>, left: Left, now: number): string[] {
  const longest = Math.max(...platform.topics.map(({ retentionMs }) => retentionMs));
  const until = day(now + longest + DAY_MS);
  const remains = [
    `topics and dead letters: the records that name the person, and the event that asks to forget them, until their retention ends; by ${until} on topics as they are declared`,
    `tables: the keys of rows that were removed, without data, until they are swept; by ${day(now + longest + 2 * DAY_MS)}`,
    'forgotten_users: a digest of tenant and user, for ever, to recognise late events',
    'counts: batches, rollups and statistics keep counting the person, as a number; distinct counts keep a 63-bit hash of the id',
    'messages that were sent, backups, and logs of other systems: wherever they are kept',
  ];
  const changed = Object.entries(left.found.segments).filter(([, rows]) => rows > 0);
  if (changed.length > 0) {
    const names = changed.map(([name]) => name).join(', ');
    remains.push(
      `${names}: files of earlier versions of the table, until \`tributary rollup vacuum --yes\` deletes them, after 7 days`,
    );
  }
  if (left.generations.length > 0) {
    const how = '`tributary rebuild <job> --drop <n> --yes`';
    remains.push(
      `${left.generations.join(', ')}: rows of generations that are not current, until they are dropped: ${how}`,
    );
  }
  if (left.ownRequests > 0) {
    const kept = day(now + config.reportKeepMs);
    remains.push(
      `report requests: ${left.ownRequests} that the person asked for, with their parameters, until they are forgotten; not before ${kept}`,
    );
  }
  return remains;
}
