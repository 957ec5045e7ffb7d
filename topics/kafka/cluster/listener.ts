/**
 * Finds out what a Kafka listener expects (TLS or not, SASL or not, which mechanisms), and whether the
 * URL matches. If it does not match, the broker does not answer, or closes the connection.
 */
import { type Address, answerOf } from '../../../network/speaking.ts';
import { ByteReader, ByteWriter } from '../wire/bytes.ts';
import type { Settings } from './options.ts';

export interface Listener {
  readonly tls: boolean;
  /** SASL mechanisms; undefined if the listener accepts no login. */
  readonly mechanisms: readonly string[] | undefined;
}

const [SASL_HANDSHAKE, VERSION, CORRELATION] = [17, 1, 1_414_678_849];
const ILLEGAL_SASL_STATE = 34;
const NO_MECHANISM = 'NONE';

/**
 * Requests a mechanism that does not exist; the answer lists those that do. Brokers answer this before a
 * login.
 */
const HANDSHAKE = handshake();

function handshake(): Uint8Array {
  const body = new ByteWriter().i16(SASL_HANDSHAKE).i16(VERSION).i32(CORRELATION);
  body.string('tributary').string(NO_MECHANISM);
  return Buffer.concat([new ByteWriter().i32(body.written.length).written, body.written]);
}

/** Undefined if no broker answers there. */
export async function listenerAt(address: Address): Promise<Listener | undefined> {
  for (const over of ['plain', 'tls'] as const) {
    const mechanisms = mechanismsOf(
      await answerOf(address, over, HANDSHAKE, (answer) => mechanismsOf(answer) !== undefined),
    );
    if (mechanisms !== undefined) return { tls: over === 'tls', mechanisms: mechanisms ?? undefined };
  }
  return undefined;
}

/**
 * Null if the listener accepts no login; undefined if this is not a broker's answer, or an incomplete one.
 */
export function mechanismsOf(answer: Buffer): readonly string[] | null | undefined {
  if (answer.length < 14) return undefined;
  const reader = new ByteReader(answer);
  const size = reader.i32();
  if (reader.i32() !== CORRELATION || answer.length < size + 4) return undefined;
  return reader.i16() === ILLEGAL_SASL_STATE ? null : reader.array(() => reader.string());
}

/** How the URL and the listener differ, and what to do; undefined if they match. */
export function mixUpOf(settings: Settings, { host, port }: Address, listener: Listener): string | undefined {
  const { tls, sasl } = settings.security;
  const where = `${host}:${port}`;
  if (tls !== undefined && !listener.tls) {
    return `${where} does not speak TLS, but the URL says kafkas://: write kafka://, or name the port of a listener with TLS`;
  }
  if (tls === undefined && listener.tls) {
    return `${where} speaks TLS, but the URL says kafka://: write kafkas://, or name the port of a listener without TLS`;
  }
  if (sasl !== undefined && listener.mechanisms === undefined) {
    return `${where} does not accept a user: leave user:password@ out of the URL, or name the port of a listener with SASL`;
  }
  const { mechanisms = [] } = listener;
  if (sasl === undefined && mechanisms.length > 0) {
    return `${where} requires a user: write user:password@ before the hosts, with ?sasl= one of ${mechanisms.join(', ')}`;
  }
  if (sasl !== undefined && !mechanisms.includes(sasl.mechanism)) {
    return `${where} does not know the mechanism ${sasl.mechanism}: write ?sasl= one of ${mechanisms.join(', ')}`;
  }
  return undefined;
}
