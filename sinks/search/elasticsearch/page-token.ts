/** The token of a page: the end of the previous page, as JSON. Callers need not understand it. */
import { TributaryError } from '../../../core/errors.ts';

export function tokenOf(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** Throws USAGE if the token is invalid, or has no valid position. */
export function positionOf<T>(token: string, isPosition: (position: unknown) => position is T): T {
  let position: unknown;
  try {
    position = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    position = undefined;
  }
  if (isPosition(position)) return position;
  throw new TributaryError(
    'USAGE',
    `after: "${token.slice(0, 40)}" did not come from a page of this search; leave it out to begin with the first page`,
  );
}
