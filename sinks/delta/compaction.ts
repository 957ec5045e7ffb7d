/** Plans which segments to compact. Pure. */
import type { Add } from './actions.ts';
import { filesOf, type Snapshot } from './snapshot.ts';

export interface CompactionRules {
  /** In bytes: larger files stay unchanged. */
  readonly smallBytes: number;
  /** In bytes. No group is larger, so that a merge fits into memory. */
  readonly groupBytes: number;
  /** Days with fewer small files than this stay unchanged. */
  readonly leastFiles: number;
  readonly mostFiles: number;
}

const MEGABYTE = 1024 * 1024;
const COMPACTION_DEFAULTS: CompactionRules = {
  smallBytes: 32 * MEGABYTE,
  groupBytes: 256 * MEGABYTE,
  leastFiles: 4,
  mostFiles: 1000,
};

export interface CompactionGroup {
  readonly day: string;
  /** In the order of their paths. */
  readonly files: readonly Add[];
}

/** The groups of one day, or of all days in order. Groups are independent of each other. */
export function compactionPlan(
  snapshot: Snapshot,
  rules: Partial<CompactionRules> = {},
  day?: string,
): CompactionGroup[] {
  const { smallBytes, groupBytes, leastFiles, mostFiles } = { ...COMPACTION_DEFAULTS, ...rules };
  const days = day === undefined ? [...snapshot.days.keys()].sort() : [day];
  return days.flatMap((each) => {
    const small = filesOf(snapshot, each).filter(({ size }) => size <= smallBytes);
    small.sort((a, b) => (a.path < b.path ? -1 : 1));
    const groups: Add[][] = [];
    let bytes = Number.POSITIVE_INFINITY;
    for (const file of small) {
      const group = groups.at(-1);
      if (group === undefined || bytes + file.size > groupBytes || group.length === mostFiles) {
        groups.push([file]);
        bytes = file.size;
      } else {
        group.push(file);
        bytes += file.size;
      }
    }
    return groups
      .filter((files) => each !== '' && files.length >= Math.max(2, leastFiles))
      .map((files) => ({ day: each, files }));
  });
}
