/** What an installation may set of the jobs of `learning`. They are made with it, so that it reaches their folds and they stay pure. */
export interface JobOptions {
  /** How much older than its record a notification may be and still leave the house, in days. Older ones come into the feed alone. */
  readonly historyDays: number;
}

export const DEFAULT_OPTIONS: JobOptions = { historyDays: 7 };
