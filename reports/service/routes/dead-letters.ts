/** Records that a job could not apply: what they are, and what is done about them. */
import { DateTime } from 'luxon';
import type { z } from 'zod';
import { TributaryError } from '../../../core/errors.ts';
import type { Topic } from '../../../topics/define.ts';
import type { LetterChoice, LetterFilter, Resolving } from '../operate/operations.ts';
import { letterPage } from '../operate/pages.ts';
import {
  discardedShape,
  editBody,
  editedShape,
  type GivenFilter,
  letterPath,
  lettersQuery,
  lettersShape,
  MOST_AT_ONCE,
  replayedShape,
  resolveBody,
  wholeLetterShape,
} from '../operate/shapes.ts';
import { letterView, wholeLetterView } from '../operate/views.ts';
import { needRole, resolverName } from '../roles.ts';
import { type Caller, defineRoute, type Route } from '../route.ts';

/** Listing reads all letters of a topic, which is work for the log. */
const MOST_CALLS = 4;

export const listDeadLetters = defineRoute({
  name: 'listDeadLetters',
  method: 'GET',
  path: '/v1/operate/dead-letters',
  summary: 'Dead letters, newest first.',
  doc: 'All dead letters of the installation. A letter is identified by its id and its job, because several jobs may have rejected the same record.',
  scope: 'operate:read',
  takes: { query: lettersQuery },
  mostAtOnce: MOST_CALLS,
  answers: { 200: { doc: 'A page of dead letters.', body: lettersShape } },
  async run({ caller, query, signal }, { operations }) {
    needRole(caller, 'operator', 'see dead letters');
    const found = await operations.deadLetters(filterOf(query), signal);
    const matching = found.filter(({ state }) => query.state === 'any' || state === query.state);
    const { letters, next } = letterPage(matching, query);
    return { status: 200, body: { total: matching.length, deadLetters: letters.map(letterView), next } };
  },
});

export const getDeadLetter = (topics: readonly Topic[]): Route =>
  defineRoute({
    name: 'getDeadLetter',
    method: 'GET',
    path: '/v1/operate/dead-letters/{topic}/{partition}/{offset}/{job}',
    summary: 'One dead letter, with the record that was rejected.',
    scope: 'operate:read',
    takes: { path: letterPath },
    mostAtOnce: MOST_CALLS,
    answers: { 200: { doc: 'The dead letter.', body: wholeLetterShape } },
    async run({ caller, path, signal }, service) {
      needRole(caller, 'operator', 'see dead letters');
      const name = { id: `${path.topic}/${path.partition}/${path.offset}`, job: path.job };
      const letter = await service.operations.deadLetter(name, signal);
      if (letter === undefined)
        throw new TributaryError(
          'NOT_FOUND',
          `there is no dead letter ${name.id} of ${name.job}: GET /v1/operate/dead-letters lists those there are`,
        );
      const personal = caller.roles.includes('personal-data');
      if (personal) service.audit(caller, { action: 'read', deadLetter: name.id, job: name.job, personal });
      const topic = topics.find((each) => each.name === letter.topic);
      const def = [...(topic?.events ?? []), ...(topic?.broadcasts ?? [])].find(({ type }) => type === letter.type);
      return { status: 200, body: wholeLetterView(letter, def, personal) };
    },
  });

interface ResolveRoute extends Pick<Route, 'name' | 'summary'> {
  readonly doc: string;
  readonly action: 'replay' | 'discard';
  /** The result of the action in the answer. */
  readonly done: { readonly name: 'replayed' | 'discarded'; readonly shape: z.ZodType };
}

const resolveRoute = ({ name, summary, doc, action, done }: ResolveRoute): Route =>
  defineRoute({
    name,
    method: 'POST',
    path: `/v1/operate/dead-letters/${action}`,
    summary,
    doc,
    scope: 'operate:write',
    takes: { body: resolveBody },
    mostAtOnce: MOST_CALLS,
    answers: { 200: { doc: `What was ${done.name}, and what was not.`, body: done.shape } },
    async run({ caller, body, signal }, service) {
      needRole(caller, 'operator', `${action} dead letters`);
      const { choice, resolving } = chosenIn(body, caller);
      const { dryRun } = resolving;
      const outcome = await service.operations[action](choice, resolving, signal);
      if (!dryRun) service.audit(caller, { action: `${action} dead letters`, deadLetters: outcome.done.length });
      const answer = { dryRun, [done.name]: [...outcome.done], left: [...outcome.left], more: outcome.more };
      return { status: 200, body: answer };
    },
  });

export const replayDeadLetters = resolveRoute({
  name: 'replayDeadLetters',
  summary: 'Send records again, each only to the job that rejected it.',
  doc: 'Unless `dryRun` is false, this says what would be sent and sends nothing. It is safe to call again: letters that were already replayed are skipped.',
  action: 'replay',
  done: { name: 'replayed', shape: replayedShape },
});

export const discardDeadLetters = resolveRoute({
  name: 'discardDeadLetters',
  summary: 'Discard dead letters: nothing more will be done about them.',
  doc: 'Unless `dryRun` is false, this says which would be discarded and does nothing. Discarded letters stay in the log as long as it keeps them, and can be replayed with `again`.',
  action: 'discard',
  done: { name: 'discarded', shape: discardedShape },
});

export const editDeadLetters = defineRoute({
  name: 'editDeadLetters',
  method: 'POST',
  path: '/v1/operate/dead-letters/edit',
  summary: 'Correct the events of dead letters and send them again, each only to the job that rejected it.',
  doc: 'Unless `dryRun` is false, this shows the corrected events and sends nothing. They are checked like events from producers; an event that is still wrong is in `left`. Events are shown in full, so this also needs the role `personal-data`.',
  scope: 'operate:write',
  takes: { body: editBody },
  mostAtOnce: MOST_CALLS,
  answers: { 200: { doc: 'The events that were sent, and those that were not.', body: editedShape } },
  async run({ caller, body, signal }, service) {
    needRole(caller, 'operator', 'edit dead letters');
    needRole(caller, 'personal-data', 'edit dead letters');
    const { choice, resolving } = chosenIn(body, caller);
    const { done, left, more } = await service.operations.edit(choice, { ...resolving, patch: body.patch }, signal);
    const action = resolving.dryRun ? 'read dead letters' : 'edit dead letters';
    service.audit(caller, { action, deadLetters: done.length, personal: true });
    const edited = done.map(({ leftOut, ...letter }) => ({ ...letter, leftOut: [...leftOut] }));
    return { status: 200, body: { dryRun: resolving.dryRun, edited, left: [...left], more } };
  },
});

/** Throws USAGE unless letters are either named or filtered. */
function chosenIn(
  { deadLetters, filter, again, why, dryRun }: ResolveBody,
  caller: Caller,
): { readonly choice: LetterChoice; readonly resolving: Resolving } {
  if ((deadLetters === undefined) === (filter === undefined)) {
    const problem = { field: 'deadLetters', message: 'give either deadLetters or a filter' };
    throw new TributaryError('USAGE', problem.message, { problems: [problem] });
  }
  return {
    choice: { names: deadLetters ?? null, filter: filterOf(filter ?? {}), again, most: MOST_AT_ONCE },
    resolving: { by: resolverName(caller), why, dryRun },
  };
}

type ResolveBody = z.output<typeof resolveBody>;

const filterOf = ({ job, code, topic, since, until }: GivenFilter): LetterFilter => ({
  job: job ?? null,
  code: code ?? null,
  topic: topic ?? null,
  since: since === undefined ? null : DateTime.fromISO(since).toMillis(),
  until: until === undefined ? null : DateTime.fromISO(until).toMillis(),
});
