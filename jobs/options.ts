/** The options of the jobs of `learning` that an installation may set. Jobs are made with them, so that folds know them and stay pure. */
export interface JobOptions {
  /** How much older than its record a notification may be and still be sent by a channel, in days. Older ones only go into the feed. */
  readonly historyDays: number;
}

export const DEFAULT_OPTIONS: JobOptions = { historyDays: 7 };
