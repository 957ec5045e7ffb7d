/** The parts of docs/capacity.md that come from the simulation and the arithmetic: two tables, and plots of some days. */
import { type Line, plot } from './plot.ts';
import { SCENARIOS } from './scenarios.ts';
import { type Minute, type Outcome, simulate } from './simulation.ts';
import { sizesTable } from './sizing.ts';

/** One point for this many minutes: the largest value among them. */
const MINUTES_OF_POINT = 5;

export interface Page {
  /** The tables of the days and of the sizes of installations. */
  readonly tables: readonly string[];
  /** The plots, by file name in docs/images. */
  readonly images: Readonly<Record<string, string>>;
}

export function scalingPage(): Page {
  const outcomes = new Map(SCENARIOS.map((scenario) => [scenario.name, simulate(scenario)]));
  const dayOf = (...names: readonly string[]): readonly (readonly [string, Outcome])[] =>
    names.map((name) => [name, outcomes.get(name) as Outcome]);
  const day = dayOf('always 6 workers', 'by lag and rate', 'by lag');
  const rush = dayOf('always 6 workers; a rush', 'by lag and rate; a rush', 'by lag; a rush');
  return {
    tables: [tableOf([...outcomes]), aligned(sizesTable())],
    images: {
      'scaling-day.svg': picture('A day of 6,000 events a second on average', day),
      'scaling-rush.svg': picture('The same day with three times the events from 9:00 to 9:20', rush),
    },
  };
}

function tableOf(outcomes: readonly (readonly [string, Outcome])[]): string {
  const rows = outcomes.map(([name, { mostWorkers, workerHours, rebalances, pausedSeconds, lag }]) => [
    name,
    String(mostWorkers),
    workerHours.toFixed(0),
    String(rebalances),
    `${pausedSeconds.toLocaleString('en')} s`,
    `${lag.median} s`,
    `${lag.p99.toLocaleString('en')} s`,
    `${lag.most.toLocaleString('en')} s`,
  ]);
  const head = ['workers', 'at most', 'hours', 'rebalances', 'partitions paused', 'lag: median', 'p99', 'longest'];
  return aligned([head, ...rows]);
}

/** A table formatted as on the pages. */
function aligned(rows: readonly (readonly string[])[]): string {
  const [head = [], ...others] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [head, widths.map((width) => '-'.repeat(width)), ...others].map(line).join('\n');
}

function picture(title: string, outcomes: readonly (readonly [string, Outcome])[]): string {
  const lines = (pick: (minute: Minute) => number): Line[] =>
    outcomes.map(([name, { minutes }], index) => ({
      name: name.replace('; a rush', ''),
      style: (index + 1) as Line['style'],
      values: thinned(minutes.map(pick)),
    }));
  const first = outcomes[0]?.[1].minutes ?? [];
  const longest = outcomes.map(([name, { lag }]) => `${name.replace('; a rush', '')}: ${lag.most} s`).join(', ');
  return plot(title, `Lag at most: ${longest}.`, [
    {
      title: 'Events a second',
      lines: [{ name: 'produced', style: 4, values: thinned(first.map((m) => m.produced)) }],
    },
    { title: 'Workers', lines: lines(({ workers }) => workers) },
    { title: 'How long the oldest record waits, in seconds', lines: lines(({ lagSeconds }) => lagSeconds) },
  ]);
}

function thinned(values: readonly number[]): number[] {
  return Array.from({ length: values.length / MINUTES_OF_POINT }, (_, i) =>
    Math.max(...values.slice(i * MINUTES_OF_POINT, (i + 1) * MINUTES_OF_POINT)),
  );
}
