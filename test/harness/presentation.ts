/** A presentation of the Open University data set, imported once for all tests of a file, and its rows for counting by hand. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { startOf } from '../../demo/events.ts';
import { readRows } from '../../demo/read.ts';
import { type Rows, selectRows } from '../../demo/rows.ts';
import { tributary } from '../cli/harness.ts';

/** The only presentation whose visits are part of the demo. */
export const PRESENTATION = 'AAA-2013J';
const DAY_MS = 86_400_000;

const folder = mkdtempSync(join(tmpdir(), 'tributary-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
let imported: Promise<string> | undefined;

/** The data folder. Only one process at a time may use it. */
export function importedFolder(): Promise<string> {
  imported ??= imports();
  return imported;
}

async function imports(): Promise<string> {
  const { code, stderr } = await tributary(folder, ['demo', '--presentations', PRESENTATION, '--json']);
  assert.equal(code, 0, stderr);
  return join(folder, 'data');
}

export interface Counted {
  readonly rows: Rows;
  /** The number of learners in the batch, by tenths of their progress. */
  readonly histogram: readonly number[];
  /** The learners in the batch with their progress, in descending order; equal ones by id. */
  readonly furthest: readonly { readonly student: string; readonly progress: number }[];
  /** By week (the Monday, in UTC): distinct learners with a visit, and the number of clicks. */
  readonly weeks: ReadonlyMap<string, { readonly learners: number; readonly visits: number }>;
  /** By week: the number who left. */
  readonly left: ReadonlyMap<string, number>;
  /** By site: the number of distinct learners. */
  readonly visitors: ReadonlyMap<string, number>;
}

/** Counts from the rows of the data set alone, without any event. */
export function countedByHand(): Counted {
  const rows = selectRows(readRows(), [PRESENTATION]);
  const start = startOf({ presentation: '2013J' });
  const mondayOf = (day: number): string => {
    const date = new Date(start + day * DAY_MS);
    return new Date(date.getTime() - ((date.getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10);
  };
  const students = (visits: Rows['visits']) => new Set(visits.map(({ student }) => student)).size;
  const byStudent = Map.groupBy(rows.visits, ({ student }) => student);
  const furthest = rows.registrations
    .filter(({ unregistered }) => unregistered === undefined)
    .map(({ student }) => {
      const sites = new Set(byStudent.get(student)?.map(({ site }) => site)).size;
      return { student, progress: Math.floor((100 * sites) / rows.sites.length) };
    })
    .sort((a, b) => b.progress - a.progress || (a.student < b.student ? -1 : 1));
  const departed = rows.registrations.flatMap(({ unregistered }) => (unregistered === undefined ? [] : [unregistered]));
  return {
    rows,
    histogram: Array.from(
      { length: 10 },
      (_, tenth) => furthest.filter(({ progress }) => Math.min(9, Math.floor(progress / 10)) === tenth).length,
    ),
    furthest,
    weeks: new Map(
      [...Map.groupBy(rows.visits, ({ day }) => mondayOf(day))].map(([week, visits]) => [
        week,
        { learners: students(visits), visits: visits.reduce((sum, { clicks }) => sum + clicks, 0) },
      ]),
    ),
    left: new Map([...Map.groupBy(departed, mondayOf)].map(([week, all]) => [week, all.length])),
    visitors: new Map(
      [...Map.groupBy(rows.visits, ({ site }) => site)].map(([site, visits]) => [site, students(visits)]),
    ),
  };
}
