/** What a caller sees of personal fields: nothing, unless the data are about the caller, or the person consented to show them. */
import { z } from 'zod';
import { type FieldProblem, TributaryError } from '../../../core/errors.ts';
import type { Target } from '../../../core/target.ts';
import { consenting } from '../../consent.ts';
import { needRole } from '../roles.ts';
import type { Caller, Service } from '../route.ts';
import { hasPersonal, withoutPersonal } from './records.ts';

type Found = Readonly<Record<string, unknown>>;

/** Records as one caller sees them, in the same order. */
export type View = (records: readonly Found[]) => Promise<Found[]>;

/** The fields that name the person of a record. */
const PERSONS = ['userId', 'recipientId'];

const QUERY = {
  consentTo: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .describe(
      'The id of a course, or of another object. Adds the personal fields of users whose consent for it is valid now. Needs the role personal-data.',
    ),
  self: z
    .enum(['true', 'false'])
    .default('false')
    .describe(
      'true: with personal fields, which the caller shows to nobody but the person whose they are. Needs the role personal-data.',
    ),
};

/** The query parameters for personal fields; none if the target has none. */
export const personalQuery = (target: Target): typeof QUERY | Record<never, never> =>
  hasPersonal(target) ? QUERY : {};

/** The query of a call, checked by `personalQuery`. */
type Asked = Readonly<Record<string, unknown>>;

/** Every access to personal data is recorded in the audit log. */
export function viewOf(
  target: Target,
  { caller, query }: { readonly caller: Caller; readonly query: Asked | undefined },
  { audit, sources }: Pick<Service, 'audit' | 'sources'>,
): View {
  if (!hasPersonal(target)) return async (records) => [...records];
  const { consentTo, self } = (query ?? {}) as { readonly consentTo?: string; readonly self?: string };
  const isSelf = self === 'true';
  const bare = (record: Found): Found => withoutPersonal(target, record);
  if (consentTo === undefined && !isSelf) return async (records) => records.map(bare);
  if (consentTo !== undefined && isSelf) throw both();
  needRole(caller, 'personal-data', 'see personal fields');
  audit(caller, {
    action: 'read',
    projection: target.name,
    personal: true,
    basis: isSelf ? 'self' : 'consent',
  });
  if (consentTo === undefined) return async (records) => [...records];
  const person = personOf(target);
  if (person === undefined) return async (records) => records.map(bare);
  return async (records) => {
    const users = records.map((record) => String(record[person]));
    const agreed = await consenting(users, consentTo, sources.reads(caller.tenant));
    return records.map((record, i) => (agreed[i] === true ? record : bare(record)));
  };
}

function both(): TributaryError {
  const message = 'it does not go with self=true: give one of them';
  const problem: FieldProblem = { field: 'query.consentTo', message };
  return new TributaryError('USAGE', `${problem.field}: ${message}`, { problems: [problem] });
}

/**
 * Even the number of records found reveals something about people, whatever is shown of the records. So a search by personal fields is only
 * allowed among the caller's own data. Throws NOT_ALLOWED and USAGE.
 */
export function checkPersonalTerms(personal: readonly string[], caller: Caller, { self }: Asked): void {
  if (personal.length === 0) return;
  const names = personal.join(', ');
  needRole(caller, 'personal-data', `search by ${names}`);
  if (self === 'true') return;
  const message = `a search by ${names} finds people by what is personal, so it is for themselves alone: give self=true, or leave ${names} out`;
  throw new TributaryError('USAGE', `query.self: ${message}`, { problems: [{ field: 'query.self', message }] });
}

const personOf = ({ record }: Target): string | undefined =>
  PERSONS.find((name) => record.fields.some((field) => field.name === name));
