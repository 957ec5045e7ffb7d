/** How far the learners of a batch are: its summary as tiles, tenths and stages. */
import { html } from 'lit-html';
import { number, percent, quantity, shortNumber } from '../../app/format.js';
import { batchAddress } from '../../parts/links.js';
import { stats } from '../../parts/stat.js';
import { columns, rows } from './bars.js';
import { reportAddress } from './calls.js';
import { TENTHS } from './learner-filters.js';

/** @typedef {import('../../app/api-types.js').Batch} Batch */

/** From here on, there is only room for a rounded figure. */
const MOST_WRITTEN = 10_000;

/** @param {number} part @param {number} whole */
const shareText = (part, whole) => (whole === 0 ? '' : percent((100 * part) / whole));

/** @param {Batch} batch */
export function tiles({ batchId, learners, ever, left, notStarted, inProgress, completed, meanProgress }) {
  const of = (/** @type {number} */ part) =>
    learners === 0 ? {} : { note: `${shareText(part, learners)} of learners` };
  const listed = (/** @type {Record<string, string>} */ query) => batchAddress(batchId, { show: 'learners', ...query });
  return stats([
    { label: 'Current learners', value: number(learners), note: `${number(ever)} joined in total`, href: listed({}) },
    {
      label: 'Left',
      value: number(left),
      href: listed({ who: 'left' }),
      ...(ever > 0 && { note: `${shareText(left, ever)} of all who joined` }),
    },
    { label: 'Not started', value: number(notStarted), href: listed({ state: 'not_started' }), ...of(notStarted) },
    { label: 'In progress', value: number(inProgress), href: listed({ state: 'in_progress' }), ...of(inProgress) },
    { label: 'Completed', value: number(completed), href: listed({ state: 'completed' }), ...of(completed) },
    { label: 'Mean progress', value: learners === 0 ? 'none' : percent(meanProgress), note: 'of current learners' },
  ]);
}

/** @param {Batch} batch */
export const histogram = ({ batchId, histogram, learners }) => html`<section class="card">
  <h2>Learners by progress</h2>
  <p class="soft">Current learners by the share of required contents completed.</p>
  ${columns({
    label: 'Learners by progress',
    axis: 'Progress in percent',
    bars: TENTHS.map(({ least, most }, tenth) => {
      const value = histogram[tenth] ?? 0;
      const href = value === 0 ? {} : { href: batchAddress(batchId, { show: 'learners', tenth: String(tenth) }) };
      return {
        label: `${least} to ${most} percent`,
        short: `${least}`,
        value,
        text: value < MOST_WRITTEN ? number(value) : shortNumber(value),
        ...href,
      };
    }),
  })}
  <p class="soft">${quantity(learners, 'learners')} in total.</p>
</section>`;

/** Learners in the upper five tenths are at 50 percent or more. Learners who completed also count, since the course may have grown later. */
const halfWay = (/** @type {Pick<Batch, 'histogram' | 'completed'>} */ { histogram, completed }) =>
  Math.max(
    completed,
    histogram.slice(5).reduce((sum, each) => sum + each, 0),
  );

/** @param {Batch} batch */
export function funnel(batch) {
  const { batchId, ever, learners, inProgress, completed } = batch;
  const stages = [
    { label: 'Joined', value: ever },
    { label: 'Still in the batch', value: learners },
    { label: 'Started', value: inProgress + completed },
    { label: 'Halfway or further', value: halfWay(batch) },
    { label: 'Completed', value: completed },
  ];
  return html`<section class="card">
    <div class="card-head">
      <h2>From joining to completion</h2>
      <a href=${reportAddress('completion-funnel', batchId)}>Report</a>
    </div>
    <p class="soft">How many reached each stage, and how many fewer than the stage before.</p>
    ${rows({
      label: 'From joining to completion',
      most: ever,
      bars: stages.map(({ label, value }, at) => {
        const before = stages[at - 1]?.value ?? value;
        const share = ever === 0 || at === 0 ? [] : [shareText(value, ever)];
        const lost = before > value ? [`${number(before - value)} fewer`] : [];
        const note = [...share, ...lost].join(', ');
        return { label, value, text: number(value), ...(note !== '' && { note }) };
      }),
    })}
  </section>`;
}
