import type { ByteReader, ByteWriter } from './bytes.ts';

/**
 * One request of the protocol, in one version, and the reader of its answer. Errors that a broker returns are
 * part of the answer.
 */
export interface Call<T> {
  /** The name that Kafka uses. */
  readonly name: string;
  readonly key: number;
  /** A version that every broker from 3.6 to 4.x supports. */
  readonly version: number;
  /** Whether the headers of its request and answer end with tagged fields (KIP-482). */
  readonly flexible: boolean;
  /** How long the broker may take to answer, in ms, if longer than for other requests. */
  readonly timeoutMs?: number;
  write(writer: ByteWriter): void;
  read(reader: ByteReader): T;
}
