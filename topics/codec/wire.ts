/** The first bytes of a value in the Confluent wire format, and the result of reading a value. */
import type { RejectCode } from '../../core/errors.ts';
import type { Event } from '../../core/event.ts';

/** The length of the header, in bytes: a zero byte and the schema's id. */
export const WIRE_HEADER = 5;

export function schemaId(value: Uint8Array): number {
  const [, a = 0, b = 0, c = 0, d = 0] = value;
  return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
}

export interface Rejected {
  readonly kind: 'rejected';
  readonly code: RejectCode;
  readonly message: string;
}

export type Read =
  | {
      readonly kind: 'value';
      readonly value: unknown;
      /** Whether the value had fields that its schema does not have. */
      readonly unknown?: boolean;
      readonly unfit?: Event['unfit'];
    }
  | Rejected;

export function rejected(code: RejectCode, message: string): Rejected {
  return { kind: 'rejected', code, message };
}
