/** The state of all jobs of the installation, live. */
import { html, nothing } from 'lit-html';
import { duration, moment, number, quantity } from '../../app/format.js';
import { sentence } from '../../app/words.js';
import { stats } from '../../parts/stat.js';
import { failed, loading } from '../../parts/states.js';
import { sorted, table } from '../../parts/table.js';
import { History } from './history.js';
import { doingOf, jobState, KINDS, waited } from './job-state.js';
import { partitionsCard } from './partitions.js';
import { sparkline } from './sparkline.js';
import { tabs } from './tabs.js';
import { mayChange, turn } from './turning.js';

/** @typedef {import('../../app/api-types.js').JobStates} JobStates */
/** @typedef {import('../../app/api-types.js').JobState} JobState */
/** @typedef {import('../../app/view.js').View} View */

export const title = 'Operate';

/** @param {View} view */
export function show(view) {
  const states = view.remember('states', /** @type {JobStates | undefined} */ (undefined));
  const away = view.remember('away', /** @type {string | undefined} */ (undefined));
  const history = view.remember('history', new History()).value;
  const following = view.follow('jobs', '/v1/operate/jobs/events', (event, data) => {
    if (event === 'away') away.set(data.detail);
    if (event !== 'jobs') return;
    history.add(data);
    away.set(undefined);
    states.set(data);
  });
  const known = states.value;
  return html`<h1>Operate</h1>
    <p class="lead">Jobs, rollups and report requests of the whole installation, live.</p>
    ${tabs('jobs')} ${connection(following, away.value, known)}
    ${known === undefined ? (following.state === 'failed' ? nothing : waiting()) : content(view, known, history)}`;
}

const waiting = () => [loading('tiles'), loading('table')];

/**
 * Says why the figures are not current.
 * @param {import('../../app/view.js').Followed} following
 * @param {string | undefined} away
 * @param {JobStates | undefined} known
 */
function connection({ state, error }, away, known) {
  if (state === 'failed') return failed(error);
  const of = known === undefined ? '' : ` Figures are from ${moment(known.at)}.`;
  if (away !== undefined)
    return html`<div class="notice notice-large" role="status"><p>The log does not answer: ${sentence(away)}${of}</p></div>`;
  if (state === 'live' || (state === 'connecting' && known === undefined)) return nothing;
  return html`<div class="notice" role="status"><p>Connection lost. Reconnecting…${of}</p></div>`;
}

/**
 * @param {View} view
 * @param {JobStates} states
 * @param {History} history
 */
function content(view, { jobs }, history) {
  const failure = view.remember('failure', /** @type {unknown} */ (undefined));
  const chosen = jobs.find(({ name }) => name === view.query.get('job'));
  return html`${tiles(jobs, history)} ${failure.value === undefined ? nothing : failed(failure.value)}
    <div class="card">${jobsTable(view, jobs, { history, failed: failure.set })}</div>
    ${chosen === undefined ? nothing : partitionsCard(chosen, () => view.change({ job: undefined }))}`;
}

/**
 * @param {readonly JobState[]} jobs
 * @param {History} history
 */
function tiles(jobs, history) {
  const lag = jobs.reduce((sum, job) => sum + job.lag, 0);
  const rate = jobs.reduce((sum, job) => sum + (job.rate ?? 0), 0);
  const wait = Math.max(0, ...jobs.map(({ lagSeconds }) => lagSeconds ?? 0));
  const total = history.total();
  const doing = jobs.map((job) => doingOf(job, history.isStill(job.name)));
  const bad = doing.filter((each) => each === 'failed' || each === 'still').length;
  const paused = doing.filter((each) => each === 'paused').length;
  return stats([
    {
      label: 'Lag',
      value: quantity(lag, 'records'),
      note: sparkline(total.map(({ lag }) => lag)),
    },
    { label: 'Records per second', value: number(rate, 1), note: sparkline(total.map(({ rate }) => rate)) },
    {
      label: 'Longest wait',
      value: lag === 0 ? 'none' : duration(1000 * wait),
      note: lag === 0 ? 'all records read' : 'age of the oldest unread record',
    },
    {
      label: 'Jobs',
      value: number(jobs.length),
      note:
        paused === 0 && bad === 0
          ? 'none paused or failed'
          : `${number(paused)} paused, ${number(bad)} failed or stalled`,
      ...(bad > 0 && { judged: /** @type {const} */ ('bad') }),
    },
  ]);
}

/** @type {Readonly<Record<string, (job: JobState) => unknown>>} */
const VALUES = {
  name: ({ name }) => name,
  topic: ({ topic }) => topic,
  lag: ({ lag }) => lag,
  wait: ({ lagSeconds }) => lagSeconds,
  rate: ({ rate }) => rate,
};

/**
 * @param {View} view
 * @param {readonly JobState[]} jobs
 * @param {{ history: History, failed: (error: unknown) => void }} parts
 */
function jobsTable(view, jobs, { history, failed }) {
  const sort = view.query.get('sort') ?? '';
  const changes = mayChange(view);
  return table({
    caption: 'Jobs',
    captionHidden: true,
    sort,
    onSort: (next) => view.change({ sort: next }, { replace: true }),
    columns: [
      {
        key: 'name',
        title: 'Job',
        cell: (/** @type {JobState} */ { name, kind }) =>
          html`<a href=${withJob(view, name)}>${name}</a><span class="cell-more">${KINDS[kind]}</span>`,
      },
      { key: 'topic', title: 'Topic', narrow: true, cell: ({ topic }) => topic },
      {
        key: 'lag',
        title: 'Lag',
        unit: 'records',
        align: 'end',
        doc: 'Records still to be read.',
        cell: ({ name, lag }) =>
          html`<span class="figure-line">${sparkline(history.of(name).map((each) => each.lag))}<span class="figure">${number(lag)}</span></span>`,
      },
      {
        key: 'wait',
        title: 'Wait',
        align: 'end',
        doc: 'How long the oldest unread record has waited.',
        cell: ({ lagSeconds }) => waited(lagSeconds),
      },
      {
        key: 'rate',
        title: 'Rate',
        unit: 'records/s',
        align: 'end',
        doc: 'Records read per second, recently.',
        cell: ({ name, rate }) =>
          html`<span class="figure-line">${sparkline(history.of(name).map((each) => each.rate ?? 0))}<span class="figure">${rate === null ? '–' : number(rate, 1)}</span></span>`,
      },
      { key: 'state', title: 'State', sorts: false, cell: (job) => jobState(job, history.isStill(job.name)) },
      ...(changes ? [turnColumn(view, failed)] : []),
    ],
    rows: sorted(jobs, sort, (job, key) => VALUES[key]?.(job)),
  });
}

/**
 * @param {View} view
 * @param {(error: unknown) => void} failed
 * @returns {import('../../parts/table.js').Column<JobState>}
 */
const turnColumn = (view, failed) => ({
  key: 'turn',
  title: 'Actions',
  sorts: false,
  cell: (job) => {
    const act = job.paused === null ? 'Pause' : 'Resume';
    return html`<button type="button" class="plain" aria-label="${act} ${job.name}" @click=${() => void turn(view, job, failed)}>
      ${act}
    </button>`;
  },
});

/**
 * @param {View} view
 * @param {string} job
 */
function withJob({ query }, job) {
  const next = new URLSearchParams(query);
  next.set('job', job);
  return `/operate?${next}`;
}
