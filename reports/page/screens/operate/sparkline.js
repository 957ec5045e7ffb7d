/** A small line beside a figure. It only illustrates the figure, so screen readers skip it. */
import { html, nothing, svg } from 'lit-html';

const WIDTH = 96;
const HEIGHT = 24;
const EDGE = 2;

/**
 * @param {readonly number[]} values The newest last.
 * @param {number} places For how many values there is space.
 */
export const sparkline = (values, places = 60) => html`<svg
  class="sparkline"
  viewBox="0 0 ${WIDTH} ${HEIGHT}"
  preserveAspectRatio="none"
  aria-hidden="true"
>
  ${values.length < 2 ? nothing : svg`<polyline points=${pointsOf(values, places)} />`}
</svg>`;

/**
 * From zero to the largest value.
 * @param {readonly number[]} values
 * @param {number} places
 */
function pointsOf(values, places) {
  const most = Math.max(1, ...values);
  const first = places - values.length;
  return values
    .map((value, at) => {
      const x = ((first + at) / (places - 1)) * WIDTH;
      const y = HEIGHT - EDGE - (value / most) * (HEIGHT - 2 * EDGE);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
