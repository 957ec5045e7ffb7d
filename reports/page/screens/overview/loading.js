/** The queries of the overview. */
import { addDays } from '../../app/days.js';
import { columnOf, figures } from '../../app/figures.js';
import { extentOf } from '../../app/periods.js';
import { weekOf } from './asked.js';

/** @typedef {import('../../app/api.js').Api} Api */
/** @typedef {import('../../app/periods.js').Extent} Extent */
/** @typedef {import('../../app/periods.js').Range} Range */
/** @typedef {{ course: string, zone: string }} Scope */

/** @typedef {{ date: string, joined: number, departed: number, completed: number }} Day */
/** @typedef {{ enrollments: Extent | undefined, activity: Extent | undefined, days: readonly Day[] }} History */

/** More than 27 years. */
const MOST_DAYS = 10_000;

/** @param {string} course */
const filterOf = (course) => (course === '' ? {} : { filter: { course_id: [course] } });

/**
 * Every day with enrollments: counts of events, which can be added up to weeks and months, unlike distinct learners.
 * @param {Api} api
 * @param {Scope} scope
 * @param {AbortSignal} signal
 * @returns {Promise<History>}
 */
export async function history(api, { course, zone }, signal) {
  /** @param {'enrollments' | 'activity'} datasource @param {readonly string[]} metrics */
  const byDay = (datasource, metrics) =>
    figures(api, datasource, { every: 'day', zone, metrics, limit: MOST_DAYS, ...filterOf(course) }, signal);
  const [enrolled, active] = await Promise.all([
    byDay('enrollments', ['joined', 'departed', 'completed']),
    byDay('activity', ['views']),
  ]);
  /** @param {string} name */
  const counts = (name) => columnOf(enrolled, name).map((value) => Number(value ?? 0));
  const [joined, departed, completed] = [counts('joined'), counts('departed'), counts('completed')];
  const days = columnOf(enrolled, 'date').map((date, at) => ({
    date,
    joined: joined[at] ?? 0,
    departed: departed[at] ?? 0,
    completed: completed[at] ?? 0,
  }));
  return { days, enrollments: extentOf(columnOf(enrolled, 'date')), activity: extentOf(columnOf(active, 'date')) };
}

/**
 * The number of distinct learners ever.
 * @param {Api} api
 * @param {Scope} scope
 * @param {AbortSignal} signal
 */
export async function learnersEver(api, { course, zone }, signal) {
  const found = await figures(api, 'enrollments', { zone, metrics: ['learners'], ...filterOf(course) }, signal);
  return Number(columnOf(found, 'learners')[0] ?? 0);
}

/**
 * Distinct learners in the week of the day, and in the week before.
 * @param {Api} api
 * @param {Scope & { newest: string }} scope
 * @param {AbortSignal} signal
 */
export async function activeWeeks(api, { course, zone, newest }, signal) {
  const week = weekOf(newest);
  const before = addDays(week, -7);
  const span = { first: before, last: addDays(week, 6) };
  const asked = { every: /** @type {const} */ ('week'), zone, metrics: ['learners'], ...span, ...filterOf(course) };
  const found = await figures(api, 'activity', asked, signal);
  const dates = columnOf(found, 'date');
  /** @param {string} day */
  const of = (day) => Number(columnOf(found, 'learners')[dates.indexOf(day)] ?? 0);
  return { week, learners: of(week), before: of(before) };
}

/**
 * @param {Api} api
 * @param {Scope & { range: Range }} scope
 * @param {AbortSignal} signal
 */
export const activityTrend = (api, { course, zone, range: { every, first, last, days } }, signal) =>
  figures(
    api,
    'activity',
    { every, zone, metrics: ['learners'], first: days[0] ?? first, last, ...filterOf(course) },
    signal,
  );

/**
 * What the jobs did on their latest active day.
 * @param {Api} api
 * @param {string} zone
 * @param {AbortSignal} signal
 */
export async function pipelineDay(api, zone, signal) {
  const metrics = ['applied', 'dead_letters', 'latency_p95'];
  const found = await figures(api, 'pipeline', { every: 'day', zone, metrics, limit: MOST_DAYS }, signal);
  const day = columnOf(found, 'date').at(-1);
  if (day === undefined) return undefined;
  const of = (/** @type {string} */ name) => columnOf(found, name).at(-1);
  const rejected = columnOf(found, 'dead_letters').reduce((sum, each) => sum + Number(each ?? 0), 0);
  return { day, applied: Number(of('applied') ?? 0), latency: of('latency_p95'), rejected };
}
