/** A page of learners whose rows keep their places while their values change. */

/** @typedef {import('../../app/api-types.js').Enrollment} Enrollment */
/** @typedef {import('../../app/api-types.js').BatchLearner} BatchLearner */

/** @typedef {Pick<Enrollment, 'userId' | 'courseId' | 'progress' | 'state' | 'completedAt' | 'lastAccessAt'>} Learner */

/** @typedef {import('./paging.js').Page<Learner>} LearnerPage */

/**
 * @typedef {object} Reading
 * @property {(signal: AbortSignal) => Promise<LearnerPage>} page Reads the page as it would be now.
 * @property {(learner: Learner, signal: AbortSignal) => Promise<Learner | undefined>} one Reads a learner who is no longer on it.
 */

export class LivePage {
  #reading;

  /**
   * @param {LearnerPage} first
   * @param {Reading} reading
   */
  constructor(first, reading) {
    this.rows = first.rows;
    this.total = first.total;
    this.page = first.page;
    this.#reading = reading;
    /** How often each row has changed, by learner. @type {Map<string, number>} */
    this.changes = new Map();
    /** Whether other rows, or another order, would be shown now. */
    this.isOutOfOrder = false;
  }

  /** Reads again, and updates the rows that are shown. @param {AbortSignal} signal */
  async refresh(signal) {
    const fresh = await this.#reading.page(signal);
    const byId = new Map(fresh.rows.map((row) => [idOf(row), row]));
    const rows = await Promise.all(
      this.rows.map(async (row) => byId.get(idOf(row)) ?? (await this.#reading.one(row, signal)) ?? row),
    );
    rows.forEach((row, at) => {
      if (!isSame(row, /** @type {Learner} */ (this.rows[at])))
        this.changes.set(idOf(row), (this.changes.get(idOf(row)) ?? 0) + 1);
    });
    this.rows = rows;
    this.total = fresh.total;
    this.isOutOfOrder = fresh.rows.map(idOf).join('\n') !== rows.map(idOf).join('\n');
  }
}

/** @param {Learner} learner */
export const idOf = ({ userId, courseId }) => JSON.stringify([userId, courseId]);

/** @param {Learner} one @param {Learner} other */
const isSame = (one, other) =>
  one.progress === other.progress &&
  one.state === other.state &&
  one.completedAt === other.completedAt &&
  one.lastAccessAt === other.lastAccessAt;
