import type { ByteReader, ByteWriter } from './bytes.ts';

/** One request of the protocol, of one version, and how its answer is read. Errors that a broker answers are part of the answer. */
export interface Call<T> {
  /** As Kafka names it. */
  readonly name: string;
  readonly key: number;
  /** One that every broker from 3.6 to 4.x knows. */
  readonly version: number;
  /** Whether the heads of its request and answer end with tagged fields (KIP-482). */
  readonly flexible: boolean;
  /** How long the broker may take to answer, if that is longer than for other requests. */
  readonly timeoutMs?: number;
  write(writer: ByteWriter): void;
  read(reader: ByteReader): T;
}
