/** The duration of each recovery, with a row for each fault, printed as a table at the end. */
export interface Recovery {
  readonly name: string;
  readonly events: number;
  /** The number of unread records when the fault ended. */
  readonly lag: number;
  readonly faultMs: number;
  /** From the end of the fault until the jobs advanced. */
  readonly advancedMs: number;
  /** From then, or from the last event if that came later, until nothing was left to do. */
  readonly caughtUpMs: number;
  readonly totalMs: number;
}

export class Report {
  readonly #rows: Recovery[] = [];

  row(recovery: Recovery): void {
    this.#rows.push(recovery);
  }

  print(): void {
    const seconds = (ms: number): string => (ms / 1000).toFixed(1);
    const heads = ['fault', 'events', 'fault s', 'behind', 'goes on after s', 'caught up after s', 'all s'];
    const table = this.#rows.map((row) => [
      row.name,
      String(row.events),
      seconds(row.faultMs),
      String(row.lag),
      seconds(row.advancedMs),
      seconds(row.caughtUpMs),
      seconds(row.totalMs),
    ]);
    const widths = heads.map((head, i) => Math.max(head.length, ...table.map((cells) => cells[i]?.length ?? 0)));
    for (const cells of [heads, ...table]) {
      console.log(
        cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
      );
    }
  }
}
