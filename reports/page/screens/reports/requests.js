/** Earlier requests, newest first: state, file, and a link to request again. */
import { html, nothing } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { ago, bytes, moment, number } from '../../app/format.js';
import { cursorPages } from '../../parts/cursors.js';
import { optionsIn, select } from '../../parts/fields.js';
import { empty, failed, loaded } from '../../parts/states.js';
import { pages, table } from '../../parts/table.js';
import { formAddress } from './asking.js';
import { loadReports } from './catalogue.js';
import { download } from './download.js';
import { isActive, progressOf, STATE_NAMES, stateBadge, stateOf } from './states.js';
import { tabs } from './tabs.js';
import { FORMAT_NAMES, parametersTold } from './wording.js';

/** @typedef {import('../../app/api-types.js').Report} Report */
/** @typedef {import('../../app/api-types.js').Request} Request */
/** @typedef {import('../../app/view.js').View} View */

export const title = 'Requests';

const PAGE = 25;
const LOOK_MS = 2000;

/** @param {View} view */
export function show(view) {
  const reports = loadReports(view).value ?? [];
  const [state, report, cursor] = ['state', 'report', 'cursor'].map((name) => view.query.get(name) ?? '');
  const everybody = view.session.has('operator') && view.query.get('of') === 'everybody';
  const address = addressOf(['v1', 'requests'], {
    state,
    report,
    cursor,
    limit: PAGE,
    mine: everybody ? 'false' : 'true',
  });
  /** @type {import('../../app/view.js').Loaded<{ requests: Request[], next: string | null }>} */
  const page = view.load('requests', [address], (signal) => view.api.get(address, { signal }));
  return html`<h1>Requests</h1>
    <p class="lead">${everybody ? 'All' : 'Your'} report requests, newest first.</p>
    ${tabs('requests')} ${filters(view, { state: state ?? '', report: report ?? '', everybody, reports })}
    ${failureOf(view).value === undefined ? nothing : failed(failureOf(view).value)}
    ${loaded(
      page,
      (value) => list(view, { ...value, requests: kept(view, address, value.requests) }, { reports, everybody }),
      {
        space: 'table',
        empty: ({ requests }) => requests.length === 0 && nothingThere(view),
      },
    )}`;
}

/** @param {View} view */
const failureOf = (view) => view.remember('failure', /** @type {unknown} */ (undefined));

/** @param {View} view */
const nothingThere = (view) =>
  view.query.size > 0
    ? empty('No matching requests', html`<a href="/requests">Show all requests</a>`)
    : empty('No requests yet', html`Choose a report in the <a href="/reports">catalogue</a>.`);

/**
 * @param {View} view
 * @param {{ state: string, report: string, everybody: boolean, reports: readonly Report[] }} given
 */
const filters = (view, { state, report, everybody, reports }) => html`<div class="filters">
  ${select({
    name: 'report',
    label: 'Report',
    value: report,
    options: [{ value: '', text: 'All reports' }, ...reports.map(({ name, title }) => ({ value: name, text: title }))],
    onChange: (value) => view.change({ report: value, cursor: undefined }),
  })}
  ${select({
    name: 'state',
    label: 'State',
    value: state,
    options: [{ value: '', text: 'All states' }, ...optionsIn(STATE_NAMES)],
    onChange: (value) => view.change({ state: value, cursor: undefined }),
  })}
  ${
    view.session.has('operator')
      ? select({
          name: 'of',
          label: 'Requested by',
          value: everybody ? 'everybody' : 'me',
          options: [
            { value: 'me', text: 'Me' },
            { value: 'everybody', text: 'Everyone' },
          ],
          onChange: (value) => view.change({ of: value === 'me' ? undefined : value, cursor: undefined }),
        })
      : nothing
  }
</div>`;

/**
 * The same requests, as they are now. They are polled as long as one of them is active: browsers have six connections for a service, so
 * following each request would leave none for anything else.
 * @param {View} view
 * @param {string} address
 * @param {readonly Request[]} loaded
 */
function kept(view, address, loaded) {
  const latest = view.remember('latest', { address: '', requests: loaded });
  const isLooking = view.remember('looking', false);
  const requests = latest.value.address === address ? latest.value.requests : loaded;
  if (isLooking.value || !requests.some(isActive)) return requests;
  isLooking.set(true);
  setTimeout(async () => {
    try {
      if (document.hidden || view.signal.aborted) return;
      const page = await view.api.get(address, { signal: view.signal });
      latest.set({ address, requests: page.requests });
    } catch {
      // The rows stay as they are: the next call may be answered.
    } finally {
      isLooking.set(false);
    }
  }, LOOK_MS);
  return requests;
}

/**
 * @param {View} view
 * @param {{ requests: readonly Request[], next: string | null }} page
 * @param {{ reports: readonly Report[], everybody: boolean }} about
 */
function list(view, { requests, next }, { reports, everybody }) {
  const reportOf = (/** @type {Request} */ { report }) => reports.find(({ name }) => name === report);
  return html`<div class="card">${table({
    caption: 'Requests',
    captionHidden: true,
    columns: [
      {
        key: 'report',
        title: 'Report',
        cell: (
          /** @type {Request} */ request,
        ) => html`<a href="/requests/${request.id}">${reportOf(request)?.title ?? request.report}</a>
          <span class="soft asked-with">${askedWith(request, reportOf(request))}</span>`,
      },
      { key: 'state', title: 'State', cell: (request) => stateCell(request) },
      {
        key: 'asked',
        title: 'Requested',
        cell: (
          request,
        ) => html`<span class="no-wrap" title=${moment(request.createdAt)}>${ago(request.createdAt)}</span>
          ${everybody ? html`<span class="soft asked-with">by ${request.requestedBy}</span>` : nothing}`,
      },
      {
        key: 'rows',
        title: 'Rows',
        align: 'end',
        cell: ({ file, rows }) => (file === null ? (rows === 0 ? '' : number(rows)) : number(file.rows)),
      },
      {
        key: 'file',
        title: 'File',
        align: 'end',
        cell: ({ file, format }) =>
          html`${file === null ? nothing : bytes(file.bytes)} <span class="soft">${FORMAT_NAMES[format] ?? format}</span>`,
      },
      { key: 'do', title: 'Actions', cell: (request) => actions(view, request, reportOf(request)) },
    ],
    rows: requests,
  })}
  ${paging(view, next)}</div>`;
}

/** @param {View} view @param {string | null} next */
function paging(view, next) {
  const { isFirst, ...ways } = cursorPages(view, next);
  return isFirst && next === null ? nothing : pages({ text: isFirst ? 'Newest' : 'Older', ...ways });
}

/** @param {Request} request @param {Report | undefined} report */
const askedWith = ({ parameters, schedule }, report) =>
  [
    ...parametersTold(parameters, report?.parameters ?? {})
      .filter(({ text }) => text !== 'no' && text !== 'all' && text !== 'now')
      .map(({ label, text }) => `${label}: ${text}`),
    ...(schedule === null ? [] : [`by the schedule ${schedule.id}`]),
  ].join(' · ');

/** @param {Request} request */
function stateCell(request) {
  const badge = stateBadge(request);
  if (request.state !== 'running') return badge;
  const { done, of } = progressOf(request);
  return html`${badge} <span class="soft">${of === undefined ? nothing : `${Math.floor((100 * done) / of)}%`}</span>`;
}

/** @param {View} view @param {Request} request @param {Report | undefined} report */
function actions(view, request, report) {
  const failure = failureOf(view);
  const get = () => {
    failure.set(undefined);
    download(view, request).catch((error) => failure.set(error));
  };
  const name = `${report?.title ?? request.report}, requested ${moment(request.createdAt)}`;
  return html`<span class="row-actions">
    ${stateOf(request) === 'done' ? html`<button type="button" class="plain" aria-label="Download ${name}" @click=${get}>Download</button>` : nothing}
    ${isActive(request) ? nothing : html`<a href=${formAddress(request, report)} aria-label="Request again: ${name}">Request again</a>`}
  </span>`;
}
