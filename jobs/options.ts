/** The options of the jobs of `learning` that an installation may set. Jobs are made with them, so folds can use them and stay pure. */
export interface JobOptions {
  /** How many days a notification may be older than its record and still be sent by a channel. Older ones only go into the feed. */
  readonly historyDays: number;
}

export const DEFAULT_OPTIONS: JobOptions = { historyDays: 7 };
