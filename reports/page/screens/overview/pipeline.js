/** Whether the pipeline keeps up: as reported by the jobs, and live for operators. */
import { html, nothing } from 'lit-html';
import { currentZone, date, duration, number, quantity } from '../../app/format.js';
import { stats } from '../../parts/stat.js';
import { empty, loaded } from '../../parts/states.js';
import { pipelineDay } from './loading.js';

/** @typedef {import('../../app/view.js').View} View */

/**
 * @typedef {object} Job
 * @property {string} name
 * @property {number} lag In records.
 * @property {number | null} lagSeconds
 * @property {number | null} rate In records per second.
 * @property {object | null} paused
 * @property {{ code: string } | null} failed
 */

/** @param {View} view */
export function pipeline(view) {
  const zone = currentZone();
  const isOperator = view.session.has('operator') && view.session.scopes.includes('operate:read');
  const known = view.load('pipeline', [zone], (signal) => pipelineDay(view.api, zone, signal));
  return html`<section class="card" aria-labelledby="pipeline">
    <div class="card-head">
      <h2 id="pipeline">Pipeline</h2>
      ${isOperator ? html`<a href="/operate">Jobs and dead letters</a>` : nothing}
    </div>
    ${isOperator ? live(view) : nothing}
    ${loaded(known, (day) => (day === undefined ? nothing : reported(day)), {
      space: 'tiles',
      empty: (day) => day === undefined && empty('No data from jobs yet'),
    })}
  </section>`;
}

/** @param {NonNullable<Awaited<ReturnType<typeof pipelineDay>>>} day */
const reported = ({ day, applied, latency, rejected }) =>
  stats([
    { label: 'Records applied', value: number(applied), note: `on ${date(day)}, the latest active day` },
    {
      label: 'Latency, 95th percentile',
      value: latency === null ? 'unknown' : duration(latency),
      note: `from the log until done, on ${date(day)}`,
    },
    {
      label: 'Dead letters, all time',
      value: number(rejected),
      note: rejected === 0 ? 'no records rejected' : 'records rejected by jobs',
      ...(rejected === 0 && { judged: /** @type {const} */ ('good') }),
    },
  ]);

/** @param {View} view */
function live(view) {
  const jobs = view.remember('jobs', /** @type {readonly Job[] | undefined} */ (undefined));
  const following = view.follow('jobs', '/v1/operate/jobs/events', (event, data) => {
    if (event === 'jobs') jobs.set(data.jobs);
  });
  const letters = view.load('dead letters', [], async (signal) => {
    const { total } = await view.api.get('/v1/operate/dead-letters?limit=1', { signal });
    return /** @type {number} */ (total);
  });
  const known = jobs.value;
  return stats([
    lagTile(known, following.state),
    jobsTile(known),
    {
      label: 'Open dead letters',
      value: letters.value === undefined ? '–' : number(letters.value),
      href: '/operate/dead-letters',
      note: letters.state === 'failed' ? 'temporarily unavailable' : 'not replayed, edited or discarded',
      ...(letters.value !== undefined && { judged: letters.value === 0 ? 'good' : 'bad' }),
    },
  ]);
}

/**
 * @param {readonly Job[] | undefined} jobs
 * @param {import('../../app/view.js').Followed['state']} state
 */
function lagTile(jobs, state) {
  if (jobs === undefined) return { label: 'Lag', value: '–', note: state === 'waiting' ? 'reconnecting' : 'loading' };
  const records = jobs.reduce((sum, { lag }) => sum + lag, 0);
  const slowest = [...jobs].sort((one, other) => other.lag - one.lag)[0];
  const seconds = Math.max(0, ...jobs.map(({ lagSeconds }) => lagSeconds ?? 0));
  return {
    label: 'Lag',
    value: quantity(records, 'records'),
    note: records === 0 ? 'all records read' : `up to ${duration(1000 * seconds)}, most in ${slowest?.name ?? ''}`,
  };
}

/** @param {readonly Job[] | undefined} jobs */
function jobsTile(jobs) {
  if (jobs === undefined) return { label: 'Jobs', value: '–', note: 'loading' };
  const failed = jobs.filter((each) => (each.failed ?? null) !== null).map(({ name }) => name);
  const paused = jobs.filter((each) => (each.paused ?? null) !== null).map(({ name }) => name);
  const rate = jobs.reduce((sum, each) => sum + (each.rate ?? 0), 0);
  /** @type {import('../../parts/stat.js').Stat} */
  const tile = { label: 'Jobs', value: number(jobs.length), note: `${number(rate, 1)} records per second` };
  if (failed.length > 0) return { ...tile, note: `failed: ${failed.join(', ')}`, judged: /** @type {const} */ ('bad') };
  return paused.length > 0 ? { ...tile, note: `paused: ${paused.join(', ')}` } : tile;
}
