/** Ids that come in the data of an event and become part of a key: of a view's record, or of an event that is said. */
import { type Rejection, reject } from './define.ts';

const LONGEST = 512;

/** Whether a store can hold it as part of a key, and no decoding error can have made it. */
export function isKeyPart(id: string, longest = LONGEST): boolean {
  return id.length > 0 && id.length <= longest && id.isWellFormed() && !id.includes('\uFFFD') && !id.includes('\0');
}

export function notAKey(field: string, longest = LONGEST): Rejection {
  return reject(
    'KEY_INVALID',
    `data.${field}: it becomes part of a key, so it must be a text of 1 to ${longest} characters`,
  );
}
