/** What operators see and do over HTTP. It is the same as on the command line. */
import { systemClock } from '../../jobs/runtime/clock.ts';
import type {
  Resolving as Asking,
  JobKind,
  Letter,
  LetterChoice,
  LetterName,
  Operations,
  WholeLetter,
} from '../../reports/service/operate/operations.ts';
import { chooseDeadLetters } from '../dead-letters/choosing.ts';
import { discardAll } from '../dead-letters/discard.ts';
import { type Correction, editAll } from '../dead-letters/edit.ts';
import { type DeadLetter, deadLettersOf, readDeadLetters, stateOf } from '../dead-letters/letters.ts';
import { rejectedRecord } from '../dead-letters/rejected.ts';
import { replayAll } from '../dead-letters/replay.ts';
import type { Resolving } from '../dead-letters/resolution.ts';
import type { Outcome } from '../dead-letters/sending.ts';
import { inTurn } from '../dead-letters/turn.ts';
import { runningFindings } from '../doctor/running.ts';
import { JobWatch } from '../groups/job-watch.ts';
import { turnJob } from '../groups/pauses.ts';
import { groupsOf, isArchive, isJob, worksOf } from '../platform/works.ts';
import type { Wired } from '../stores/wiring.ts';
import { shown } from '../text/shown-record.ts';

export function operationsOf(wired: Wired): Operations {
  const watch = new JobWatch({ ...wired, works: groupsOf(wired), clock: systemClock });
  const kinds = new Map(worksOf(wired).map((work): [string, JobKind] => [work.name, kindOf(work)]));
  return {
    async jobs() {
      const { at, jobs } = await watch.current();
      return { at, jobs: jobs.map(({ job, ...pace }) => ({ ...pace, name: job, kind: kinds.get(job) ?? 'reports' })) };
    },
    pause: (job, resolving) => turnJob(wired, { job, to: 'paused' }, resolving),
    resume: (job, resolving) => turnJob(wired, { job, to: 'running' }, resolving),
    findings: (tenant, signal) => runningFindings({ wired, signal }, tenant),
    async deadLetters(filter, signal) {
      return (await readDeadLetters(wired, filter, signal)).map(letterOf);
    },
    async deadLetter({ id, job }, signal) {
      const letter = (await deadLettersOf(wired, new Set([id]), signal)).find((each) => each.job === job);
      return letter && wholeLetterOf(wired, letter);
    },
    replay: (choice, resolving, signal) => resolveBy(wired, { choice, resolving, signal }, replayAll),
    discard: (choice, resolving, signal) => resolveBy(wired, { choice, resolving, signal }, discardAll),
    async edit(choice, editing, signal) {
      const { patch } = editing;
      const { outcome, ...others } = await resolve(wired, { choice, resolving: editing, signal }, (log, letters, how) =>
        editAll(log, letters, { ...how, patch }, signal),
      );
      const done = outcome.done.map((letter) => ({
        ...nameOf(letter),
        ...(outcome.corrections.get(letter) as Correction),
      }));
      return { done, ...others };
    },
  };
}

const kindOf = (work: Parameters<typeof isJob>[0]): JobKind => {
  if (isJob(work)) return 'job';
  return isArchive(work) ? 'archive' : 'rollup';
};

const letterOf = (letter: DeadLetter): Letter => {
  const { id, job, code, message, rejectedAt, resolutions } = letter;
  return { id, job, code, message, rejectedAt, resolutions, state: stateOf(letter) };
};

async function wholeLetterOf({ stores }: Wired, letter: DeadLetter): Promise<WholeLetter> {
  const { topic } = letter;
  const { record, cutFrom = null, rows = null, unshown, unnamed } = await rejectedRecord(stores.transport, letter);
  const { type, data = null, problem = null } = await shown(stores.codec, topic, topic.name, record);
  const { key, value, headers, timestamp } = record;
  return {
    ...letterOf(letter),
    topic: topic.name,
    producedAt: timestamp,
    ...{ key, value, headers, type, data, problem, cutFrom, rows, unshown, unnamed },
  };
}

const nameOf = ({ id, job }: DeadLetter): LetterName => ({ id, job });

interface Asked {
  readonly choice: LetterChoice;
  readonly resolving: Asking;
  readonly signal: AbortSignal;
}

type Resolve<O extends Outcome> = (
  log: Wired,
  letters: readonly DeadLetter[],
  how: Resolving,
  signal: AbortSignal,
) => Promise<O>;

async function resolveBy(wired: Wired, asked: Asked, work: Resolve<Outcome>) {
  const { outcome, ...others } = await resolve(wired, asked, work);
  return { done: outcome.done.map(nameOf), ...others };
}

/** Chooses and resolves letters, in one turn. */
function resolve<O extends Outcome>(wired: Wired, { choice, resolving, signal }: Asked, work: Resolve<O>) {
  const { most, ...which } = choice;
  const { by, why } = resolving;
  return inTurn(wired, resolving, async (turn) => {
    const { letters, resolved, unknown } = await chooseDeadLetters(wired, which, signal);
    const outcome = await work(wired, letters.slice(0, most), { by, why, turn }, signal);
    return {
      outcome,
      left: [
        ...outcome.left.map(({ deadLetter, why: because }) => ({ ...nameOf(deadLetter), why: because })),
        ...resolved.map((letter) => ({ ...nameOf(letter), why: `it was ${stateOf(letter)} before` })),
        ...unknown.map(({ id, job }) => ({ id, job: job ?? '', why: 'there is no such dead letter' })),
      ],
      more: letters.length > most,
    };
  });
}
