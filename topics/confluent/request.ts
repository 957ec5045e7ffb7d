/** Confluent's REST API: the request of each call of the port, and the meaning of the answers. Sends nothing. */
import { TributaryError } from '../../core/errors.ts';

export interface RegistryRequest {
  /** The start of its error messages, such as "registering a schema under orders-Placed". */
  readonly purpose: string;
  readonly method: 'GET' | 'POST';
  /** Relative to the URL of the registry. */
  readonly path: string;
  /** JSON. */
  readonly body: string | undefined;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly text: string;
}

/** Asks for the id of a schema that is registered under the subject. Needs only the right to read. */
export const lookupOf = (subject: string, schema: string): RegistryRequest => ({
  purpose: `looking up a schema under ${subject}`,
  method: 'POST',
  path: `/subjects/${encodeURIComponent(subject)}`,
  body: JSON.stringify({ schema }),
});

export const registrationOf = (subject: string, schema: string): RegistryRequest => ({
  purpose: `registering a schema under ${subject}`,
  method: 'POST',
  path: `/subjects/${encodeURIComponent(subject)}/versions`,
  body: JSON.stringify({ schema }),
});

export const schemaOf = (id: number): RegistryRequest => ({
  purpose: `reading schema ${id}`,
  method: 'GET',
  path: `/schemas/ids/${id}`,
  body: undefined,
});

/** Ids are Java ints. A corrupt record may have any other number, for which no registry is asked. */
export const isId = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < 2 ** 31;

/** Subject, version or schema not found. A 404 without one of these comes from a proxy, or from a wrong path. */
const NOT_FOUND = [40401, 40402, 40403];
/** The node is overloaded or starting, or has lost its leader: ask another one. */
const PASSING = [408, 425, 429];
const LONGEST_DETAIL = 500;

/** Whether another node, or the same one later, may answer differently. */
export const isPassing = ({ status }: RegistryAnswer): boolean => status >= 500 || PASSING.includes(status);

/** Whether another process registered the same schema at the same time, of which Apicurio accepts one. A second try returns the id. */
export const wasOvertaken = (answer: RegistryAnswer): boolean =>
  answer.status === 409 && /already exists/.test(detailOf(answer));

export const isMissing = (answer: RegistryAnswer): boolean =>
  answer.status === 404 && NOT_FOUND.includes(Number(parsed(answer)?.['error_code']));

/** The id in the answer to a look-up or a registration; throws for any other answer. */
export function idIn(request: RegistryRequest, answer: RegistryAnswer): number {
  const id = answer.status === 200 ? parsed(answer)?.['id'] : undefined;
  if (typeof id === 'number' && isId(id)) return id;
  throw errorOf(request, answer);
}

/** The text of the schema in the answer; throws for any other answer. */
export function schemaIn(request: RegistryRequest, answer: RegistryAnswer): string {
  const schema = answer.status === 200 ? parsed(answer)?.['schema'] : undefined;
  if (typeof schema === 'string') return schema;
  throw errorOf(request, answer);
}

function errorOf({ purpose }: RegistryRequest, answer: RegistryAnswer): TributaryError {
  const detail = `${answer.status} ${detailOf(answer)}`.trim();
  switch (answer.status) {
    case 401:
    case 403:
      return new TributaryError(
        'ACCESS_REFUSED',
        `${purpose}: the registry does not allow it (${detail}); check its user, password and rights`,
      );
    case 409:
      return new TributaryError(
        'DECLARATION_INVALID',
        `${purpose}: it is not compatible with the versions registered before (${detail}); give new fields a default and leave old ones as they are, or change the compatibility of the subject`,
      );
    case 422:
      return new TributaryError('DECLARATION_INVALID', `${purpose}: the registry refuses it (${detail})`);
    default:
      return new TributaryError(
        'CONFIG_INVALID',
        `${purpose}: the server there is not a schema registry (${detail}); check the URL and its path`,
      );
  }
}

/** The message of the answer, as one line. */
function detailOf(answer: RegistryAnswer): string {
  const message = parsed(answer)?.['message'];
  const text = typeof message === 'string' ? message : answer.text;
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').slice(0, LONGEST_DETAIL);
}

function parsed({ text }: RegistryAnswer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
