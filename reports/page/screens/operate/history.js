/** States of the jobs since the screen was opened, for the sparklines: at most the last two minutes. */

/** @typedef {import('../../app/api-types.js').JobStates} JobStates */
/** @typedef {{ at: string, lag: number, rate: number | null }} Sample */

/** Samples. One comes every two seconds. */
const KEPT = 60;
/** One batch may take a few seconds: a job has stalled if it read nothing during this many samples. */
const STILL = 8;

export class History {
  /** @type {Map<string, Sample[]>} */
  #samples = new Map();

  /** @param {JobStates} states */
  add({ at, jobs }) {
    const names = new Set(jobs.map(({ name }) => name));
    for (const name of this.#samples.keys()) if (!names.has(name)) this.#samples.delete(name);
    for (const { name, lag, rate } of jobs) {
      const samples = this.of(name);
      // A reopened connection starts with the previous sample.
      if (samples.at(-1)?.at !== at) this.#samples.set(name, [...samples, { at, lag, rate }].slice(-KEPT));
    }
  }

  /**
   * The oldest first.
   * @param {string} job
   * @returns {readonly Sample[]}
   */
  of(job) {
    return this.#samples.get(job) ?? [];
  }

  /** Lag and rate of all jobs together. @returns {readonly { lag: number, rate: number }[]} */
  total() {
    const all = [...this.#samples.values()];
    const length = Math.min(KEPT, ...all.map((samples) => samples.length));
    if (all.length === 0) return [];
    return Array.from({ length }, (_, at) => {
      const moment = all.map((samples) => samples[samples.length - length + at]);
      const sum = (/** @type {(sample: Sample) => number} */ of) =>
        moment.reduce((sum, sample) => sum + (sample === undefined ? 0 : of(sample)), 0);
      return { lag: sum(({ lag }) => lag), rate: sum(({ rate }) => rate ?? 0) };
    });
  }

  /** Whether the job has records to read, and has read none for a while. @param {string} job */
  isStill(job) {
    const last = this.of(job).slice(-STILL);
    return last.length === STILL && last.every(({ lag, rate }) => lag > 0 && rate === 0);
  }
}
