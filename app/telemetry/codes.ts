/** The codes that a label of metrics can have. */
import { ERROR_CODES, type ErrorCode, type ErrorKind } from '../../core/errors.ts';

export const codesOf = (kind: ErrorKind): ErrorCode[] =>
  Object.entries(ERROR_CODES).flatMap(([code, each]) => (each === kind ? [code as ErrorCode] : []));
