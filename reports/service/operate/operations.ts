/** What operators see and do, as routes know it. All of it is of the whole installation, whatever tenant an operator is of. */

import type { WholeEvent } from '../../../core/event.ts';
import type { Finding } from '../../../core/finding.ts';

export interface Operations {
  /** How far every job is. Asked for as often as anybody likes: the log is looked at every two seconds at most. */
  jobs(): Promise<JobStates>;
  /** Throws NOT_FOUND for a job that there is not. */
  pause(job: string, resolving: Resolving): Promise<Turned>;
  resume(job: string, resolving: Resolving): Promise<Turned>;
  /** What is wrong with the installation. */
  findings(tenant: string, signal: AbortSignal): Promise<readonly Finding[]>;
  /** Every dead letter that matches, in any order. Throws USAGE for a topic that there is not. */
  deadLetters(filter: LetterFilter, signal: AbortSignal): Promise<readonly Letter[]>;
  /** Undefined if there is no such letter. */
  deadLetter(name: LetterName, signal: AbortSignal): Promise<WholeLetter | undefined>;
  replay(choice: LetterChoice, resolving: Resolving, signal: AbortSignal): Promise<Outcome>;
  discard(choice: LetterChoice, resolving: Resolving, signal: AbortSignal): Promise<Outcome>;
  /** The patch is a JSON merge patch of the event. */
  edit(choice: LetterChoice, editing: Editing, signal: AbortSignal): Promise<Outcome<EditedLetter>>;
}

export interface JobStates {
  /** When the log was looked at, in ms since 1970 UTC. */
  readonly at: number;
  readonly jobs: readonly JobState[];
}

/** What reads a topic as a consumer group. */
export interface JobState extends Pace {
  /** Also that of its consumer group. */
  readonly name: string;
  readonly kind: JobKind;
  readonly topic: string;
  /** The views that are behind the rows of the job, with the number of records. */
  readonly views: Readonly<Record<string, number>>;
  /** What ended it in the process that was asked; of others nothing is known. */
  readonly failed: { readonly code: string; readonly message: string } | null;
  /** Null if it is not paused, or the tables, which know that, do not answer. */
  readonly paused: Pause | null;
  readonly partitions: readonly PartitionState[];
}

export interface Pause {
  readonly by: string;
  readonly why: string;
  /** In ms since 1970 UTC. */
  readonly at: number;
}

export interface Turned {
  readonly paused: Pause | null;
  /** Whether it was, or in a dry run would be, otherwise than before. */
  readonly changed: boolean;
}

export const JOB_KINDS = ['job', 'rollup', 'archive', 'reports'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export interface Pace {
  /** Records that it has still to read. */
  readonly lag: number;
  /** How long the first of them has waited, in ms; null if there is none, or its time is not known. */
  readonly lagMs: number | null;
  /** Records a second that it came forward since the look before; null while that is not known. */
  readonly rate: number | null;
}

export interface PartitionState extends Pace {
  readonly partition: number;
  /** The first offset that can still be read. */
  readonly begin: number;
  /** The offset that the next record will have. */
  readonly end: number;
  /** Where the group goes on; null if it never committed. */
  readonly committed: number | null;
}

/** Null: whatever it is. Times are in ms since 1970 UTC. */
export interface LetterFilter {
  readonly job: string | null;
  readonly code: string | null;
  readonly topic: string | null;
  readonly since: number | null;
  readonly until: number | null;
}

export interface LetterName {
  /** <topic>/<partition>/<offset> of the rejected record. */
  readonly id: string;
  readonly job: string;
}

export const LETTER_STATES = ['open', 'replayed', 'edited', 'discarded'] as const;

export interface Letter extends LetterName {
  readonly code: string;
  readonly message: string;
  /** When it was last rejected, in ms since 1970 UTC. */
  readonly rejectedAt: number;
  readonly state: (typeof LETTER_STATES)[number];
  /** What was done about it, the latest last. Texts are empty where nothing was said. */
  readonly resolutions: readonly {
    readonly how: 'replayed' | 'edited' | 'discarded';
    readonly at: number;
    readonly by: string;
    readonly why: string;
  }[];
}

/** A letter with the record that was rejected. */
export interface WholeLetter extends Letter {
  readonly topic: string;
  /** When the record was produced, in ms since 1970 UTC. */
  readonly producedAt: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string | Uint8Array>>;
  /** Of the event, as far as the record can be read. */
  readonly type: string | null;
  readonly data: unknown;
  /** Why there are no data. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** How many bytes the value had, if not all of them are left. */
  readonly cutFrom: number | null;
  /** The rows that did not take it; null if it is of use to all rows of its event. */
  readonly rows: readonly (readonly string[])[] | null;
  /** The rows that took it, but whose views were not written. */
  readonly unshown: readonly (readonly string[])[];
  /** How many rows the letter could not name. */
  readonly unnamed: number;
}

export interface LetterChoice {
  /** Null: those that match the filter. */
  readonly names: readonly LetterName[] | null;
  readonly filter: LetterFilter;
  /** Also those that were resolved before. */
  readonly again: boolean;
  /** At most so many, the first ones. */
  readonly most: number;
}

export interface Resolving {
  readonly by: string;
  readonly why: string;
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean;
}

export interface Editing extends Resolving {
  readonly patch: unknown;
}

export interface EditedLetter extends LetterName {
  /** As it was sent. */
  readonly event: WholeEvent;
  /** What was left out of its data, since its schema does not have it. */
  readonly leftOut: readonly string[];
}

export interface Outcome<Done extends LetterName = LetterName> {
  /** Those that were resolved; in a dry run, those that would be. */
  readonly done: readonly Done[];
  /** Those that stay as they are. */
  readonly left: readonly (LetterName & { readonly why: string })[];
  /** Whether more are to be resolved than were. */
  readonly more: boolean;
}
