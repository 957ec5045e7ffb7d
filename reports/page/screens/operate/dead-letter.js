/** One dead letter: why it was rejected, its record, and what to do about it. */
import { html, nothing } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { moment, number } from '../../app/format.js';
import { failed, loaded } from '../../parts/states.js';
import { editCard } from './editing.js';
import { letterPath } from './letter-address.js';
import { letterState, resolutionText } from './letter-state.js';
import { bytesCard, eventCard, headersCard } from './record.js';
import { resolve } from './resolving.js';
import { tabs } from './tabs.js';
import { mayChange } from './turning.js';

/** @typedef {import('../../app/api-types.js').WholeDeadLetter} WholeDeadLetter */
/** @typedef {import('../../app/view.js').View} View */

/** @param {View} view */
export const title = ({ params }) => `Dead letter ${params['letter']}`;

/** @param {View} view */
export function show(view) {
  const name = { id: view.params['letter'] ?? '', job: view.query.get('job') ?? '' };
  /** @type {import('../../app/view.js').Loaded<WholeDeadLetter>} */
  const letter = view.load('letter', [name], (signal) => view.api.get(addressOf(letterPath(name)), { signal }));
  return html`<h1>Dead letter ${name.id}</h1>
    <p class="lead">A record rejected by ${name.job === '' ? 'a job' : name.job}. <a href="/operate/dead-letters">All dead letters</a></p>
    ${tabs('dead-letters')} ${loaded(letter, (found) => content(view, found, letter.again), { space: 'page' })}`;
}

/**
 * @param {View} view
 * @param {WholeDeadLetter} letter
 * @param {() => void} reload
 */
function content(view, letter, reload) {
  const editing = view.remember('editing', false);
  const close = () => editing.set(false);
  const done = () => {
    close();
    reload();
  };
  return html`<section class="card" aria-labelledby="why">
      <h2 id="why">${letter.code}</h2>
      <p class="message">${letter.message}</p>
      ${facts(letter)} ${mayChange(view) ? actions(view, letter, { edit: () => editing.set(true), reload }) : nothing}
    </section>
    ${editing.value ? editCard(view, letter, { close, done }) : nothing}
    <div class="grid">${eventCard(letter)} ${headersCard(letter)}</div>
    ${bytesCard(view, letter)}`;
}

/** @param {WholeDeadLetter} letter */
function facts(letter) {
  const { id, key, rejectedAt, producedAt, rows, unshown, unnamed, resolutions } = letter;
  const [topic, partition, offset] = id.split('/');
  /** @type {[string, unknown][]} */
  const all = [
    ['State', letterState({ state: letter.state, resolutions: [] })],
    ['Job', letter.job],
    ['Rejected', moment(rejectedAt)],
    ['Topic', html`<a href="/operate/dead-letters?${new URLSearchParams({ topic: topic ?? '' })}">${topic}</a>`],
    ['Position', `partition ${partition}, offset ${number(Number(offset))}`],
    ['Key', key === null ? 'none' : html`<code>${key}</code>`],
    ['Produced', producedAt === null ? 'unknown' : moment(producedAt)],
    ...(rows === null ? [] : [named('Not applied to', rows)]),
    ...(unshown.length === 0 ? [] : [named('Views missing for', unshown)]),
    ...(unnamed === 0 ? [] : [/** @type {[string, unknown]} */ (['More rows', `${number(unnamed)} not listed here`])]),
    ...resolutions.map((each) => /** @type {[string, unknown]} */ ([WORDS[each.how], resolutionText(each)])),
  ];
  return html`<dl class="facts">${all.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

const WORDS = { replayed: 'Replayed', edited: 'Edited', discarded: 'Discarded' };

/**
 * Rows by their keys.
 * @param {string} name
 * @param {readonly (readonly string[])[]} rows
 * @returns {[string, unknown]}
 */
const named = (name, rows) => [
  name,
  html`<ul class="keys">${rows.map((key) => html`<li><code>${key.join(' / ')}</code></li>`)}</ul>`,
];

/**
 * @param {View} view
 * @param {WholeDeadLetter} letter
 * @param {{ edit: () => void, reload: () => void }} then
 */
function actions(view, { id, job, state }, { edit, reload }) {
  const failure = view.remember('failure', /** @type {unknown} */ (undefined));
  const busy = view.remember('busy', false);
  const run = async (/** @type {'replay' | 'discard'} */ how) => {
    if (busy.value) return;
    failure.set(undefined);
    busy.set(true);
    try {
      if (await resolve(view, how, { deadLetters: [{ id, job }], again: state !== 'open' })) reload();
    } catch (error) {
      failure.set(error);
    }
    busy.set(false);
  };
  const maySeeAll = view.session.has('personal-data');
  return html`${failure.value === undefined ? nothing : failed(failure.value)}
    <div class="actions">
      <button type="button" class="primary" aria-disabled=${busy.value} @click=${() => void run('replay')}>
        ${state === 'open' ? 'Replay' : 'Replay again'}
      </button>
      ${maySeeAll ? html`<button type="button" @click=${edit}>Edit</button>` : nothing}
      ${state === 'open' ? html`<button type="button" class="danger" aria-disabled=${busy.value} @click=${() => void run('discard')}>Discard</button>` : nothing}
    </div>
    ${maySeeAll ? nothing : html`<p class="soft below">Editing needs the role personal-data.</p>`}`;
}
