/** Lines over the hours of a day, as SVG, with one panel below the other. Rounded numbers make equal data give equal bytes. */

export interface Line {
  readonly name: string;
  /** The colour and the dashes of the line, which carry the same information. */
  readonly style: 1 | 2 | 3 | 4;
  /** Values at equal distances from the beginning to the end of the day. */
  readonly values: readonly number[];
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

const WIDTH = 760;
const LEFT = 56;
const RIGHT = 24;
const PANEL = { height: 170, above: 46, below: 28 };
const HEAD = 34;
const DAY_HOURS = 24;
const TICK_HOURS = 3;
const TICKS = 4;

const STYLE = `
    text { font: 12px system-ui, sans-serif; fill: #24292f; }
    .title { font-size: 15px; font-weight: 600; }
    .axis { stroke: #8c959f; }
    .grid { stroke: #d0d7de; }
    .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
    .s1 { stroke: #0969da; }
    .s2 { stroke: #bc4c00; stroke-dasharray: 7 3; }
    .s3 { stroke: #1a7f37; stroke-dasharray: 2 3; }
    .s4 { stroke: #8250df; stroke-dasharray: 9 3 2 3; }
    rect { fill: #ffffff; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .axis { stroke: #7d8590; }
      .grid { stroke: #30363d; }
      .s1 { stroke: #58a6ff; }
      .s2 { stroke: #ffa657; }
      .s3 { stroke: #56d364; }
      .s4 { stroke: #d2a8ff; }
      rect { fill: #0d1117; }
    }`;

/** `description` describes the lines in words. */
export function plot(title: string, description: string, panels: readonly Panel[]): string {
  const each = PANEL.above + PANEL.height + PANEL.below;
  const height = HEAD + panels.length * each;
  const parts = panels.flatMap((panel, index) => panelOf(panel, HEAD + index * each + PANEL.above));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">`,
    `  <title id="title">${escaped(title)}</title>`,
    `  <desc id="desc">${escaped(description)}</desc>`,
    `  <style>${STYLE}\n  </style>`,
    `  <rect width="${WIDTH}" height="${height}"/>`,
    `  <text class="title" x="${LEFT}" y="24">${escaped(title)}</text>`,
    ...parts.map((part) => `  ${part}`),
    '</svg>',
    '',
  ].join('\n');
}

function panelOf({ title, lines }: Panel, top: number): string[] {
  const bottom = top + PANEL.height;
  const step = stepFor(Math.max(...lines.flatMap(({ values }) => values)));
  const most = step * TICKS;
  const x = (share: number): number => LEFT + share * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => bottom - (value / most) * PANEL.height;
  const parts = [`<text x="${LEFT}" y="${top - 26}">${escaped(title)}</text>`];
  let at = LEFT;
  for (const { name, style } of lines) {
    parts.push(`<path class="line s${style}" d="M${at} ${top - 12}h26"/>`);
    parts.push(`<text x="${at + 32}" y="${top - 8}">${escaped(name)}</text>`);
    at += 52 + 7 * name.length;
  }
  for (let tick = 0; tick <= TICKS; tick++) {
    const height = round(y(tick * step));
    parts.push(`<path class="${tick === 0 ? 'axis' : 'grid'}" d="M${LEFT} ${height}H${WIDTH - RIGHT}"/>`);
    parts.push(
      `<text x="${LEFT - 8}" y="${height + 4}" text-anchor="end">${(tick * step).toLocaleString('en')}</text>`,
    );
  }
  for (let hour = 0; hour <= DAY_HOURS; hour += TICK_HOURS) {
    const place = round(x(hour / DAY_HOURS));
    parts.push(`<text x="${place}" y="${bottom + 18}" text-anchor="middle">${hour}:00</text>`);
  }
  for (const { style, values } of lines) {
    const points = values.map((value, i) => `${round(x((i + 1) / values.length))} ${round(y(value))}`);
    parts.push(`<path class="line s${style}" d="M${points.join('L')}"/>`);
  }
  return parts;
}

/** A round step of which four reach at least `most`. */
function stepFor(most: number): number {
  const least = Math.max(most, 1) / TICKS;
  const ten = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 2.5, 5, 10].map((times) => times * ten).find((step) => step >= least - 1e-9) ?? 10 * ten;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
