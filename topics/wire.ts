/** The first bytes of a value in the Confluent wire format, and what reading one may answer. */
import type { RejectCode } from '../schemas/errors.ts';

/** A zero byte and the schema's id. */
export const WIRE_HEADER = 5;

export function schemaId(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset).getUint32(1);
}

export interface Rejected {
  readonly kind: 'rejected';
  readonly code: RejectCode;
  readonly message: string;
}

export type Read = { readonly kind: 'value'; readonly value: unknown } | Rejected;

export function rejected(code: RejectCode, message: string): Rejected {
  return { kind: 'rejected', code, message };
}
