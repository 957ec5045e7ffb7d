/** Reports over the Open University data set, after all jobs have run, compared with a direct count of its CSV files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { keyFields, type TableDef } from '../../../core/target.ts';
import { enrollments } from '../../../reports/datasources/enrollments.ts';
import type { Reads } from '../../../reports/define-report.ts';
import { enrollmentTrend } from '../../../reports/definitions/enrollment-trend.ts';
import { learnerProgress } from '../../../reports/definitions/learner-progress.ts';
import { RollupFold } from '../../../reports/rollup/fold.ts';
import { partitionsOf } from '../../../testing/dump.ts';
import type { TestStores } from '../../../testing/stores.ts';
import { batchEvents } from '../../../topics/index.ts';
import { figuresOf, installation } from '../../demo/installation.ts';
import { drained } from '../visits.ts';
import { type ReportRow, reportSpec } from './report-spec.ts';

const DAY = 86_400_000;
/** A presentation with daily interactions, and one without. */
const PRESENTATIONS = ['AAA-2013J', 'AAA-2014J'];
/** Both presentations start on 1 October of their year. */
const startOf = (id: string): number => Date.UTC(Number(id.slice(4, 8)), 9);
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

type Line = Readonly<Record<string, string>>;

function linesOf(file: string): Line[] {
  const text = gunzipSync(readFileSync(new URL(`../../../demo/oulad/${file}.csv.gz`, import.meta.url)));
  return parse(text, { columns: true });
}
const presentationOf = (line: Line): string => `${line['code_module']}-${line['code_presentation']}`;
const ofPresentations = (line: Line): boolean => PRESENTATIONS.includes(presentationOf(line));

const registrations = linesOf('studentRegistration').filter(ofPresentations);
const visits = linesOf('studentVle').filter(ofPresentations);
const sites = linesOf('vle').filter(ofPresentations);

/** The file counts days from the start of the presentation. Without a day, it is the time when the presentation was announced. */
const registeredAt = (line: Line): number =>
  startOf(presentationOf(line)) + Number(line['date_registration'] || -365) * DAY;
const leftAt = (line: Line): number | null =>
  line['date_unregistration'] === '' ? null : startOf(presentationOf(line)) + Number(line['date_unregistration']) * DAY;

function tableReads({ tables }: TestStores, tenant: string): Reads {
  const select = (table: TableDef, fields: readonly string[], key: Readonly<Record<string, string>>, after?: string) =>
    tables.select(table, [tenant, ...fields.map((name) => key[name] as string)], { limit: 100, after });
  return {
    rows: (table: TableDef, keys: readonly Readonly<Record<string, string>>[]) =>
      Promise.all(keys.map(async (key) => (await select(table, keyFields(table), key)).items[0])),
    async *pages(table: TableDef, key: Readonly<Record<string, string>>) {
      let after: string | undefined;
      do {
        const page = await select(table, table.key, key, after);
        yield page.items;
        after = page.next;
      } while (after !== undefined);
    },
    lags: async () => [],
    deadLetters: async () => [],
  } as Reads;
}

/** A direct fold of all events about batches that the jobs emitted. */
async function countedBatches({ transport, codec }: TestStores) {
  const fold = new RollupFold(enrollments);
  const wanted = new Map(enrollments.on.map((def) => [def.type, def]));
  for (const record of (await partitionsOf(transport, batchEvents.name)).flat()) {
    const decoded = codec.decode(batchEvents, record, wanted);
    if (decoded.kind === 'event') assert.equal(fold.add(decoded.event), undefined);
  }
  return drained(fold);
}

/** The trend, counted from the registrations. */
function trendOf(lines: readonly Line[], zoneMs = 0): ReportRow[] {
  const joined = Map.groupBy(lines, (line) => dayOf(registeredAt(line) + zoneMs));
  const departed = Map.groupBy(
    lines.filter((line) => leftAt(line) !== null),
    (line) => dayOf((leftAt(line) as number) + zoneMs),
  );
  const days = [...joined.keys(), ...departed.keys()].sort();
  const rows: ReportRow[] = [];
  let learners = 0;
  const last = Date.parse(days.at(-1) as string);
  for (let time = Date.parse(days[0] as string); time <= last; time += DAY) {
    const day = dayOf(time);
    const [came, went] = [joined, departed].map((by) => by.get(day)?.length ?? 0) as [number, number];
    learners += came - went;
    rows.push({ day, joined: came, departed: went, completed: 0, learners });
  }
  return rows;
}

test('the trend and the progress of learners are those of a straight count of the files', async (t) => {
  const on = await installation(t);
  await figuresOf(on, { presentations: PRESENTATIONS });

  const trend = await reportSpec(t, enrollmentTrend);
  await trend.segment(enrollments, await countedBatches(on.stores));
  const whole = trendOf(registrations);
  assert.ok(whole.length > 300, `${whole.length} days`);
  assert.deepEqual(await trend.all({}), whole);
  for (const courseId of PRESENTATIONS) {
    const own = registrations.filter((line) => presentationOf(line) === courseId);
    assert.deepEqual(await trend.all({ courseId }), trendOf(own), courseId);
    assert.deepEqual(await trend.all({ batchId: courseId, zone: 'Asia/Kolkata' }), trendOf(own, 5.5 * 3_600_000));
  }

  const progress = await reportSpec(t, learnerProgress);
  progress.readsOf = (tenant) => tableReads(on.stores, tenant);
  assert.equal((await progress.outlook({ batchId: 'AAA-2013J' })).rows, 383);
  for (const batchId of PRESENTATIONS) {
    const rows = await progress.all({ batchId, asOf: '2016-01-01T00:00:00Z' });
    assert.deepEqual(rows, progressIn(batchId, Date.UTC(2016, 0)), batchId);
  }
  assert.deepEqual(await progress.all({ batchId: 'AAA-2013J' }, 'north'), []);
});

/** The progress report of a presentation, counted from registrations, visits and sites. */
function progressIn(id: string, asOf: number): ReportRow[] {
  const required = new Set(sites.filter((line) => presentationOf(line) === id).map((line) => line['id_site'])).size;
  const visited = Map.groupBy(
    visits.filter((line) => presentationOf(line) === id),
    (line) => line['id_student'] as string,
  );
  const own = registrations.filter((line) => presentationOf(line) === id);
  const rows = own.map((line): ReportRow & { user_id: string } => {
    const userId = line['id_student'] as string;
    const all = visited.get(userId) ?? [];
    const days = all.map((visit) => startOf(id) + Number(visit['date']) * DAY);
    const completed = new Set(all.map((visit) => visit['id_site'])).size;
    const last = days.length === 0 ? null : Math.max(...days);
    return {
      course_id: id,
      course_name: `AAA, October ${id.slice(4, 8)}`,
      batch_id: id,
      batch_name: `AAA, October ${id.slice(4, 8)}`,
      user_id: userId,
      active: leftAt(line) === null,
      joined_at: registeredAt(line),
      left_at: leftAt(line),
      state: all.length === 0 ? 'not_started' : 'in_progress',
      progress: Math.floor((100 * completed) / required),
      completed_contents: completed,
      required_contents: required,
      views: all.reduce((sum, visit) => sum + Number(visit['sum_click']), 0),
      first_access_at: days.length === 0 ? null : Math.min(...days),
      last_access_at: last,
      completed_at: null,
      days_inactive: last === null ? null : Math.floor((asOf - last) / DAY),
    };
  });
  return rows.sort((a, b) => (a.user_id < b.user_id ? -1 : 1));
}
