/** What operators see and do, as routes know it. Everything covers the whole installation, whatever the operator's tenant. */

import type { WholeEvent } from '../../../core/event.ts';
import type { Finding } from '../../../core/finding.ts';

export interface Operations {
  /** How far every job is. It may be called at any rate: the log is read at most every two seconds. */
  jobs(): Promise<JobStates>;
  /** Throws NOT_FOUND if there is no such job. */
  pause(job: string, resolving: Resolving): Promise<Turned>;
  resume(job: string, resolving: Resolving): Promise<Turned>;
  /** The problems of the installation. */
  findings(tenant: string, signal: AbortSignal): Promise<readonly Finding[]>;
  /** Every matching dead letter, in any order. Throws USAGE if there is no such topic. */
  deadLetters(filter: LetterFilter, signal: AbortSignal): Promise<readonly Letter[]>;
  /** Undefined if there is no such letter. */
  deadLetter(name: LetterName, signal: AbortSignal): Promise<WholeLetter | undefined>;
  replay(choice: LetterChoice, resolving: Resolving, signal: AbortSignal): Promise<Outcome>;
  discard(choice: LetterChoice, resolving: Resolving, signal: AbortSignal): Promise<Outcome>;
  /** The patch is a JSON merge patch of the event. */
  edit(choice: LetterChoice, editing: Editing, signal: AbortSignal): Promise<Outcome<EditedLetter>>;
}

export interface JobStates {
  /** When the log was read, in ms since 1970 UTC. */
  readonly at: number;
  readonly jobs: readonly JobState[];
}

/** A reader of a topic with a consumer group. */
export interface JobState extends Pace {
  /** Also that of its consumer group. */
  readonly name: string;
  readonly kind: JobKind;
  readonly topic: string;
  /** The views that are behind the rows of the job, with the number of missing records. */
  readonly views: Readonly<Record<string, number>>;
  /** The error that ended it in the answering process. Other processes are not asked. */
  readonly failed: { readonly code: string; readonly message: string } | null;
  /** Null if it is not paused, or if the tables, which store that, do not answer. */
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
  /** Whether the call changed anything, or in a dry run would. */
  readonly changed: boolean;
}

export const JOB_KINDS = ['job', 'rollup', 'archive', 'reports'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export interface Pace {
  /** The number of records it has yet to read. */
  readonly lag: number;
  /** How long the first of these has waited, in ms. Null if there is none, or if its time is not known. */
  readonly lagMs: number | null;
  /** Records per second since the previous reading; null while unknown. */
  readonly rate: number | null;
}

export interface PartitionState extends Pace {
  readonly partition: number;
  /** The first offset that can still be read. */
  readonly begin: number;
  /** The offset of the next record to be produced. */
  readonly end: number;
  /** The offset at which the group continues; null if it never committed. */
  readonly committed: number | null;
}

/** Null matches anything. Times are in ms since 1970 UTC. */
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
  /** The last rejection, in ms since 1970 UTC. */
  readonly rejectedAt: number;
  readonly state: (typeof LETTER_STATES)[number];
  /** What was done about it, the latest last. Missing texts are empty. */
  readonly resolutions: readonly {
    readonly how: 'replayed' | 'edited' | 'discarded';
    readonly at: number;
    readonly by: string;
    readonly why: string;
  }[];
}

/** A letter with the rejected record. */
export interface WholeLetter extends Letter {
  readonly topic: string;
  /** When the record was produced, in ms since 1970 UTC. */
  readonly producedAt: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string | Uint8Array>>;
  /** The type and data of the event, as far as the record can be read. */
  readonly type: string | null;
  readonly data: unknown;
  /** Why there are no data. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** The original size of the value in bytes, if it was cut. */
  readonly cutFrom: number | null;
  /** The rows that did not apply it; null if it concerns all rows of its event. */
  readonly rows: readonly (readonly string[])[] | null;
  /** The rows that applied it, but whose views were not written. */
  readonly unshown: readonly (readonly string[])[];
  /** The number of rows that the letter could not name. */
  readonly unnamed: number;
}

export interface LetterChoice {
  /** Null for those that match the filter. */
  readonly names: readonly LetterName[] | null;
  readonly filter: LetterFilter;
  /** Include letters that were already resolved. */
  readonly again: boolean;
  /** At most this many, the first ones. */
  readonly most: number;
}

export interface Resolving {
  readonly by: string;
  readonly why: string;
  /** Report what would be done, and do nothing. */
  readonly dryRun: boolean;
}

export interface Editing extends Resolving {
  readonly patch: unknown;
}

export interface EditedLetter extends LetterName {
  /** The event as sent. */
  readonly event: WholeEvent;
  /** The fields that were left out of its data, since its schema does not have them. */
  readonly leftOut: readonly string[];
}

export interface Outcome<Done extends LetterName = LetterName> {
  /** The resolved letters; in a dry run, those that would be. */
  readonly done: readonly Done[];
  /** The letters that stay as they are. */
  readonly left: readonly (LetterName & { readonly why: string })[];
  /** Whether further letters remain to be resolved. */
  readonly more: boolean;
}
