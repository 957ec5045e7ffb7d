/** Figures that are easily counted twice, or added up although they must not be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupMembership, groupProgress } from '../../../schemas/rows/group-membership.ts';
import { batchLearners, learnerProgress } from '../../../schemas/rows/learner-progress.ts';
import { minute, type SpecEvent, type SpecRow } from '../../../testing/job-spec.ts';
import { type ReportSpec, reportSpec } from './report-spec.ts';
import { batch } from './rows.ts';
import { casesOf, eventsOf, ofTenants, rowsOf } from './world.ts';

const LEARNERS = 7;

/** The same rows, with every learner in a second batch of the course and in a second group. */
function elsewhereToo(rows: readonly SpecRow[]): SpecRow[] {
  const more = rows.flatMap(([table, row]): SpecRow[] => {
    if (table === batchLearners) return [[table, { ...row, batchId: 'autumn' }]];
    return table === groupMembership || table === groupProgress ? [[table, { ...row, groupId: 'others' }]] : [];
  });
  const same = rows.map(([table, row]): SpecRow => {
    if (table !== learnerProgress) return [table, row];
    const { spring } = row['batches'] as { readonly spring: unknown };
    return [table, { ...row, batches: { spring, autumn: spring } }];
  });
  return [...same, ...more, batch({ batchId: 'autumn', learners: LEARNERS, ever: LEARNERS })];
}

/** Every event happens twice at one time, so all segments have the same tuples and the same learners. */
function twiceInOneBucket(events: readonly SpecEvent[]): SpecEvent[] {
  return [...events, ...events].map(([def, data, rest]) => [def, data, { ...rest, time: minute(5) }]);
}

for (const report of ofTenants) {
  const { from } = report;
  if ('sql' in from) {
    test(`${report.name}: it is the same over one segment and over many with the same tuples`, async (t) => {
      const [whole, parts] = [await reportSpec(t, report), await reportSpec(t, report)];
      for (const datasource of from.reads) {
        const events = twiceInOneBucket(eventsOf('default', LEARNERS).get(datasource) ?? []);
        await whole.events(datasource, ...events);
        // The segments have unequal sizes, so an average of averages differs from the average.
        const ends = [0, 1, 2, Math.ceil(events.length / 2), events.length];
        for (const [i, end] of ends.slice(1).entries()) await parts.events(datasource, ...events.slice(ends[i], end));
      }
      for (const given of casesOf(report)) {
        assert.deepEqual(await rounded(parts, given), await rounded(whole, given), JSON.stringify(given));
      }
      assert.ok((await whole.all(casesOf(report)[0])).length > 0);
    });
  } else {
    test(`${report.name}: who is in several batches and groups is there once`, async (t) => {
      const [alone, both] = [await reportSpec(t, report), await reportSpec(t, report)];
      alone.rows(...rowsOf(LEARNERS));
      both.rows(...elsewhereToo(rowsOf(LEARNERS)));
      for (const given of casesOf(report)) {
        const expected = await alone.all(given);
        assert.ok(expected.length > 0);
        assert.deepEqual(await both.all(given), expected);
      }
    });
  }
}

/** Rounded, because the last digits of a sum of doubles depend on the order. */
async function rounded(spec: ReportSpec, given: Parameters<ReportSpec['all']>[0]) {
  const rows = await spec.all(given);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, cell]) => [name, typeof cell === 'number' ? Number(cell.toPrecision(12)) : cell]),
    ),
  );
}
