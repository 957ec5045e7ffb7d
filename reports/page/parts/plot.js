/**
 * Plots over time, as an element: `plot({ ... })` in a template. Each has a legend with the values at the cursor, which the arrow keys move,
 * and its figures as a table.
 */
import { html, nothing, render } from 'lit-html';
import uPlot from 'uplot';
import { daySeconds } from '../app/days.js';
import { date, distinctQuantity, month, quantity, shortNumber } from '../app/format.js';
import { STEPS } from '../app/periods.js';
import { followScheme } from '../app/scheme.js';
import { bars, edges, floor, labels, roof, ticks } from './plot-scales.js';
import { table } from './table.js';

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {readonly (number | null)[]} values
 * @property {'bars' | 'line' | 'area'} [kind] At most two of a plot are bars.
 * @property {boolean} [distinct] Whether they count distinct values, such as learners: large counts are estimates.
 */

/**
 * @typedef {object} Plot
 * @property {string} label What it shows, in a few words.
 * @property {string} [unit]
 * @property {'day' | 'week' | 'month'} every
 * @property {readonly string[]} days The first day of each period.
 * @property {readonly Series[]} series
 * @property {(day: string) => string} [name] Names a period.
 */

/** @param {Plot} parts */
export const plot = (parts) => html`<tributary-plot .parts=${parts}></tributary-plot>`;

/** @type {Record<Plot['every'], (day: string) => string>} */
const NAMES = { day: date, week: (day) => `week of ${date(day)}`, month };
const HEIGHT = 240;
const COLOURS = 8;

class PlotElement extends HTMLElement {
  /** @type {Plot | undefined} */
  #parts;
  /** @type {uPlot | undefined} */
  #plot;
  /** The period under the cursor. @type {number | null} */
  #at = null;
  #given = '';
  #left = new AbortController();
  #sizes = new ResizeObserver(() => this.#resize());

  /** @param {Plot} parts */
  set parts(parts) {
    const given = JSON.stringify(parts);
    if (given === this.#given) return;
    this.#given = given;
    this.#parts = parts;
    this.#at = null;
    if (this.isConnected) this.#build();
  }

  connectedCallback() {
    this.#left = new AbortController();
    followScheme(() => this.#build(), this.#left.signal);
    this.#sizes.observe(this);
    this.#build();
  }

  disconnectedCallback() {
    this.#left.abort();
    this.#sizes.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #build() {
    if (this.#parts === undefined) return;
    this.#draw();
    this.#plot?.destroy();
    const place = /** @type {HTMLElement} */ (this.querySelector('.plot-canvas'));
    const { days, series } = this.#parts;
    const data = /** @type {uPlot.AlignedData} */ ([days.map(daySeconds), ...series.map(({ values }) => [...values])]);
    this.#plot = new uPlot(this.#options(this.#parts, place.clientWidth), data, place);
  }

  #resize() {
    const place = this.querySelector('.plot-canvas');
    if (place === null || this.#plot === undefined || place.clientWidth === this.#plot.width) return;
    this.#plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }

  /**
   * @param {Plot} parts
   * @param {number} width
   * @returns {uPlot.Options}
   */
  #options({ every, days, series, unit }, width) {
    const style = getComputedStyle(this);
    const colour = (/** @type {string} */ name) => colourOf(style.getPropertyValue(name));
    const axis = {
      stroke: colour('--ink-soft'),
      font: `12px ${style.fontFamily}`,
      grid: { stroke: colour('--line-soft'), width: 1 },
      ticks: { show: false },
    };
    const barred = series.filter(({ kind }) => kind === 'bars');
    return {
      width,
      height: HEIGHT,
      padding: [8, 28, 0, 0],
      // Days are calendar days: no zone moves them.
      tzDate: (seconds) => uPlot.tzDate(new Date(1000 * seconds), 'Etc/UTC'),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: true, range: () => edges(daySeconds(days[0] ?? ''), daySeconds(days.at(-1) ?? ''), every) },
        y: { range: (_, from, to) => [floor(from), roof(to)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 30,
          splits: (self) => ticks(days, every, self.width),
          values: (_, seconds) => labels(seconds, every),
        },
        {
          ...axis,
          size: 52,
          values: (_, values) => values.map((each) => (unit === 'percent' ? `${each}%` : shortNumber(each))),
        },
      ],
      series: [
        {},
        ...series.map(({ name, kind = 'line' }, at) => {
          const own = colour(`--series-${(at % COLOURS) + 1}`);
          /** @type {uPlot.Series} */
          const line = { label: name, stroke: own, width: 2, points: { show: days.length < 3 }, spanGaps: false };
          if (kind === 'bars')
            return {
              ...line,
              width: 0,
              fill: own,
              points: { show: false },
              ...bars(
                barred.findIndex((each) => each.name === name),
                barred.length,
              ),
            };
          return kind === 'area' ? { ...line, fill: `color-mix(in srgb, ${own} 14%, transparent)` } : line;
        }),
      ],
      hooks: {
        setCursor: [
          (self) => {
            const at = self.cursor.idx ?? null;
            if (at === this.#at) return;
            this.#at = at;
            this.#draw();
          },
        ],
      },
    };
  }

  /** @param {number} at */
  #point(at) {
    const days = this.#parts?.days ?? [];
    const bounded = Math.max(0, Math.min(days.length - 1, at));
    const day = days[bounded];
    if (this.#plot === undefined || day === undefined) return;
    this.#plot.setCursor({ left: this.#plot.valToPos(daySeconds(day), 'x'), top: 10 });
  }

  /** @param {KeyboardEvent} event */
  #keyed = (event) => {
    const last = (this.#parts?.days.length ?? 0) - 1;
    const now = this.#at ?? last + 1;
    /** @type {Record<string, number>} */
    const to = { ArrowLeft: now - 1, ArrowRight: this.#at === null ? 0 : now + 1, Home: 0, End: last };
    const at = to[event.key];
    if (at === undefined) return;
    event.preventDefault();
    this.#point(at);
  };

  #draw() {
    const parts = /** @type {Plot} */ (this.#parts);
    const { label, unit, days, series, every } = parts;
    const name = parts.name ?? NAMES[every];
    const day = this.#at === null ? undefined : days[this.#at];
    const at = this.#at;
    render(
      html`<figure class="plot">
        <ul class="legend">
          ${series.map(
            (each, index) => html`<li class="legend-${(index % COLOURS) + 1}">
              <span class="legend-name">${each.name}</span>
              <span class="legend-value">${at === null ? nothing : shown(each, at, unit)}</span>
            </li>`,
          )}
          <li class="legend-when">${day === undefined ? nothing : name(day)}</li>
        </ul>
        <div
          class="plot-canvas"
          role="application"
          aria-roledescription="plot"
          aria-label="${label}. Use the arrow keys to move; the table is below."
          tabindex="0"
          @keydown=${this.#keyed}
        ></div>
        <p class="visually-hidden" role="status">
          ${day === undefined || at === null ? nothing : `${name(day)}: ${series.map((each) => `${each.name} ${shown(each, at, unit)}`).join(', ')}`}
        </p>
        <details class="plot-table">
          <summary>Show as table</summary>
          ${table({
            caption: label,
            columns: [
              {
                key: 'date',
                title: STEPS[every],
                cell: (/** @type {number} */ row) => name(/** @type {string} */ (days[row])),
              },
              ...series.map((each) => ({
                key: each.name,
                title: each.name,
                align: /** @type {const} */ ('end'),
                cell: (/** @type {number} */ row) =>
                  shown(each, row, unit === 'percent' || unit === 'ms' || unit === 's' ? unit : undefined),
              })),
            ],
            rows: days.map((_, row) => row).reverse(),
          })}
        </details>
      </figure>`,
      this,
    );
  }
}

/** @param {Series} series @param {number} at @param {string} [unit] */
const shown = ({ values, distinct }, at, unit) =>
  distinct === true ? distinctQuantity(values[at], unit) : quantity(values[at], unit);

/** Resolves `light-dark()` to a colour for the canvas. @param {string} text */
function colourOf(text) {
  const probe = document.createElement('span');
  probe.style.color = text;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

customElements.define('tributary-plot', PlotElement);
