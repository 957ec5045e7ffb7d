/** Jobs that an operator has paused. Their owners stop reading, in all processes, and keep their partitions. */

export interface Pause {
  /** Who paused the job, and why; empty if not given. */
  readonly by: string;
  readonly why: string;
  /** In ms since 1970 UTC. */
  readonly at: number;
}

export interface Pauses {
  /** Undefined if the job is not paused as far as this process knows. It learns of a change within seconds. */
  of(job: string): Pause | undefined;
  /** Settles when the job is no longer paused, or the signal is aborted. */
  ended(job: string, signal: AbortSignal): Promise<void>;
}
