/** One request, live: its progress, file, first rows and parameters. */
import { html, nothing } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { bytes, moment, number, quantity } from '../../app/format.js';
import { sentence } from '../../app/words.js';
import { confirmed } from '../../parts/dialog.js';
import { progressBar } from '../../parts/progress.js';
import { failed, loading } from '../../parts/states.js';
import { formAddress } from './asking.js';
import { loadReports } from './catalogue.js';
import { download, shareLink } from './download.js';
import { preview } from './preview.js';
import { announcement, isActive, progressOf, STATE_NAMES, stateBadge, stateOf } from './states.js';
import { tabs } from './tabs.js';
import { FORMAT_NAMES, PROTECTION_NAMES, parametersTold } from './wording.js';

/** @typedef {import('../../app/api-types.js').Report} Report */
/** @typedef {import('../../app/api-types.js').Request} Request */
/** @typedef {import('../../app/view.js').View} View */

/** @param {View} view */
const requestIn = (view) => view.remember('request', /** @type {Request | undefined} */ (undefined));

/** @param {View} view */
export function title(view) {
  const request = requestIn(view).value;
  if (request === undefined) return 'Request';
  const report = loadReports(view).value?.find(({ name }) => name === request.report);
  return `${STATE_NAMES[stateOf(request)]}: ${report?.title ?? request.report}`;
}

/** @param {View} view */
export function show(view) {
  const request = requestIn(view);
  const address = addressOf(['v1', 'requests', view.params['request'] ?? '', 'events']);
  const following = view.follow('request', address, (_event, data) => request.set(data));
  const reports = loadReports(view);
  const now = request.value;
  const report = reports.value?.find(({ name }) => name === now?.report);
  const heading = now === undefined ? 'Request' : (report?.title ?? now.report);
  return html`<h1>${heading}</h1>
    <p class="lead">${report?.answers ?? ' '}</p>
    ${tabs('requests')}
    ${
      now === undefined
        ? following.state === 'failed'
          ? failed(following.error)
          : loading('page')
        : content(view, { request: now, report, isAway: following.state === 'waiting' })
    }
    ${reports.state === 'failed' ? failed(reports.error, reports.again) : nothing}`;
}

/**
 * @param {View} view
 * @param {{ request: Request, report: Report | undefined, isAway: boolean }} parts
 */
function content(view, { request, report, isAway }) {
  const state = stateOf(request);
  const columns = report?.columns.filter(({ name }) => request.columns?.includes(name) !== false) ?? [];
  const isPersonal = columns.some(({ personal }) => personal);
  const isReadable = isActive(request) || state === 'done';
  return html`<p class="visually-hidden" role="status">${announcement(request)}</p>
    <div class="grid request">
      <section class="card" aria-labelledby="state">
        <div class="card-head">
          <h2 id="state">State</h2>
          ${stateBadge(request)}
        </div>
        <div class="request-state">${outcome(view, request, report)}</div>
        ${isAway ? html`<p class="soft">Connection lost. Reconnecting… The report continues meanwhile.</p>` : nothing}
      </section>
      <section class="card" aria-labelledby="asked">
        <h2 id="asked">Request</h2>
        ${facts(request, report)}
        <p class="actions">
          <a href=${formAddress(request, report)}>Edit and request again</a>
        </p>
      </section>
    </div>
    ${isReadable && report !== undefined ? preview(view, request, isPersonal) : nothing}`;
}

/** @param {View} view @param {Request} request @param {Report | undefined} report */
function outcome(view, request, report) {
  switch (stateOf(request)) {
    case 'waiting':
    case 'running':
      return html`${progressBar({ label: 'Progress of the report', ...progressOf(request) })}
        ${attemptNote(request)}
        <div class="actions">${button(view, { text: 'Cancel report', act: () => cancel(view, request) })}</div>`;
    case 'done':
      return ready(view, request);
    case 'failed':
      return html`<div class="notice notice-failed">
          <p class="notice-title">The report failed</p>
          <p>${sentence(request.error?.message ?? 'the reason is unknown')}</p>
          ${request.error?.whatToDo === undefined ? nothing : html`<p>${sentence(request.error.whatToDo)}</p>`}
        </div>
        ${again(request, report)}`;
    case 'cancelled':
      return html`<p>The report was cancelled, so there is no file.</p>
        ${again(request, report)}`;
    case 'expired':
      return html`<p>
          ${request.file === null ? 'The file has expired and was removed.' : `The file was kept until ${moment(request.file.expiresAt)}.`}
        </p>
        ${again(request, report)}`;
  }
}

/** Why there is more than one attempt: a worker was lost, or there was an error. @param {Request} request */
function attemptNote({ attempt, error, state }) {
  if (error !== null)
    return html`<p class="soft">Attempt ${attempt} failed: ${sentence(error.message)} Trying again.</p>`;
  if (attempt < 2 || state === 'waiting') return nothing;
  return html`<p class="soft">The previous worker was lost, so attempt ${attempt} starts at the first row.</p>`;
}

/** @param {Request} request @param {Report | undefined} report */
const again = (request, report) =>
  html`<a class="button primary" href=${formAddress(request, report)}>Request again</a>`;

/** @param {View} view @param {Request} request */
function ready(view, request) {
  const { file } = request;
  if (file === null) return nothing;
  return html`<div class="actions">
      ${button(view, { text: 'Download', kind: 'primary', act: () => download(view, request) })}
      ${button(view, { text: 'Get link', act: () => shareLink(view, request) })}
    </div>
    ${
      file.truncated
        ? html`<p class="notice notice-large">There were more rows than a file may have, so it ends after ${quantity(file.rows, 'rows')}. Request less, such as one course or fewer days.</p>`
        : nothing
    }
    ${request.protection === 'none' ? nothing : html`<p class="soft">Protection: ${PROTECTION_NAMES[request.protection]}. The password is not stored.</p>`}
    <dl class="facts">
      <dt>File</dt>
      <dd>${file.name}</dd>
      <dt>Rows</dt>
      <dd>${number(file.rows)}</dd>
      <dt>Size</dt>
      <dd>${bytes(file.bytes)}</dd>
      <dt>Data as of</dt>
      <dd>${moment(file.asOf)}</dd>
      <dt>Kept until</dt>
      <dd>${moment(file.expiresAt)}</dd>
      <dt>SHA-256</dt>
      <dd><code class="checksum">${file.checksum}</code></dd>
    </dl>`;
}

/** @param {Request} request @param {Report | undefined} report */
function facts(request, report) {
  const { columns, createdAt, requestedBy, schedule, format, protection } = request;
  const all = report?.columns.length;
  return html`<dl class="facts">
    ${parametersTold(request.parameters, report?.parameters ?? {}).map(
      ({ label, text }) => html`<dt>${label}</dt>
        <dd>${text}</dd>`,
    )}
    <dt>Format</dt>
    <dd>${FORMAT_NAMES[format] ?? format}</dd>
    ${
      columns === null || columns.length === all
        ? nothing
        : html`<dt>Columns</dt>
            <dd>${columns.join(', ')}</dd>`
    }
    <dt>Protection</dt>
    <dd>${PROTECTION_NAMES[protection]}</dd>
    <dt>Requested</dt>
    <dd>${moment(createdAt)} by ${schedule === null ? requestedBy : `the schedule ${schedule.id} of ${requestedBy}`}</dd>
  </dl>`;
}

/**
 * A button whose work may fail: the reason is shown beside it.
 * @param {View} view
 * @param {{ text: string, kind?: string, act: () => Promise<void> }} parts
 */
function button(view, { text, kind, act }) {
  const failure = view.remember(`failure of ${text}`, /** @type {unknown} */ (undefined));
  const run = async () => {
    failure.set(undefined);
    await act().catch((error) => failure.set(error));
  };
  return html`<button type="button" class=${kind ?? nothing} @click=${run}>${text}</button>
    ${failure.value === undefined ? nothing : html`<div class="action-failed">${failed(failure.value)}</div>`}`;
}

/** @param {View} view @param {Request} request */
async function cancel(view, { id }) {
  const isWanted = await confirmed({
    title: 'Stop this report?',
    text: 'Rows written so far are discarded. You can request the report again.',
    act: 'Stop report',
    isDangerous: true,
  });
  if (isWanted) await view.api.post(addressOf(['v1', 'requests', id, 'cancel']), undefined, { signal: view.signal });
}
