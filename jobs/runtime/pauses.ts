/** Jobs that an operator has paused: in all processes their owners stop reading, and keep their partitions. */

export interface Pause {
  /** Who paused it, and why; empty if nothing was said. */
  readonly by: string;
  readonly why: string;
  /** In ms since 1970 UTC. */
  readonly at: number;
}

export interface Pauses {
  /** Undefined if the job is not paused, as far as this process knows: some seconds may pass. */
  of(job: string): Pause | undefined;
  /** Settles when the job is not paused any more, or the signal is aborted. */
  ended(job: string, signal: AbortSignal): Promise<void>;
}
