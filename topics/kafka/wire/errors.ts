/** What an error of Kafka or of kafkajs means: try again, somebody newer, missing, or a configuration to be changed. */
import protocolErrors from 'kafkajs/src/protocol/error.js';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import { RecordTooLarge } from '../../log/limits.ts';

/** The codes that are looked at one by one. https://kafka.apache.org/protocol.html#protocol_error_codes */
export const CODE = {
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  OFFSET_METADATA_TOO_LARGE: 12,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  INVALID_TOPIC: 17,
  RECORD_LIST_TOO_LARGE: 18,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  INVALID_TIMESTAMP: 32,
  TOPIC_ALREADY_EXISTS: 36,
  NOT_CONTROLLER: 41,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_PRODUCER_ID_MAPPING: 49,
  CONCURRENT_TRANSACTIONS: 51,
  GROUP_ID_NOT_FOUND: 69,
  MEMBER_ID_REQUIRED: 79,
  UNSTABLE_OFFSET_COMMIT: 88,
  PRODUCER_FENCED: 90,
  UNKNOWN_TOPIC_ID: 100,
  TRANSACTIONAL_ID_NOT_FOUND: 105,
} as const;

const LATER_NAMES: Readonly<Record<number, string>> = {
  90: 'PRODUCER_FENCED',
  100: 'UNKNOWN_TOPIC_ID',
  105: 'TRANSACTIONAL_ID_NOT_FOUND',
  120: 'TRANSACTION_ABORTABLE',
};

/** Leaders, coordinators and replicas that are just changing, or a transaction that is just ending: ask again. */
const PASSING: ReadonlySet<number> = new Set([
  -1, 2, 3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 72, 74, 75, 78, 80, 88, 100,
]);
const FENCING: ReadonlySet<number> = new Set([
  CODE.INVALID_PRODUCER_EPOCH,
  CODE.INVALID_PRODUCER_ID_MAPPING,
  CODE.PRODUCER_FENCED,
]);
/** Rights and credentials. */
const REFUSED: ReadonlySet<number> = new Set([29, 30, 31, 33, 34, 53, 54, 58, 61, 65]);
/** What the settings of the cluster forbid. */
const FORBIDDEN: ReadonlySet<number> = new Set([21, 26, 35, 37, 38, 39, 40, 42, 43, 44, 50, 55]);
export const TOO_LARGE: ReadonlySet<number> = new Set([CODE.MESSAGE_TOO_LARGE, CODE.RECORD_LIST_TOO_LARGE]);

/** An error that a broker answered. Stays within this folder: see `translate`. */
export class KafkaError extends Error {
  readonly code: number;
  /** Which topic it is about, where that matters. */
  readonly topic: string;

  constructor(code: number, what: string, topic = '') {
    const known = protocolErrors.errorCodes.find((each) => each.code === code);
    const name = known?.type ?? LATER_NAMES[code] ?? `code ${code}`;
    super(`${what}: ${name}${known === undefined ? '' : ` (${known.message})`}`);
    this.name = 'KafkaError';
    this.code = code;
    this.topic = topic;
  }
}

/** No answer came, and none will. */
export class Unreachable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'Unreachable';
  }
}

/** Throws unless the code is 0. */
export function check(code: number, what: string): void {
  if (code !== 0) throw new KafkaError(code, what);
}

export const hasCode = (error: unknown, ...codes: number[]): boolean =>
  error instanceof KafkaError && codes.includes(error.code);

/** Whether it was one answer that did not come, and nothing else is known of the connection. */
export const timedOut = (error: unknown): boolean =>
  error instanceof Error && error.name === 'KafkaJSRequestTimeoutError';

/** Whether the broker did not answer, so that the connection is of no use any more and it is not known what was done. */
export function disconnected(error: unknown): boolean {
  if (!(error instanceof Error) || isRefusal(error)) return false;
  return error instanceof Unreachable || error.name.startsWith('KafkaJS');
}

export function isPassing(error: unknown): boolean {
  return error instanceof KafkaError ? PASSING.has(error.code) : disconnected(error);
}

export const isFencing = (error: unknown): boolean => error instanceof KafkaError && FENCING.has(error.code);

/** Wrong credentials: kafkajs finds them out while it connects. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'KafkaJSSASLAuthenticationError';
}

/** As the port says it; what is neither Kafka's nor the network's is a bug, and stays as it is. `doing` is like "reading offsets". */
export function translate(error: unknown, doing: string): unknown {
  const message = `${doing}: ${messageOf(error)}`;
  const options = { cause: error };
  if (isRefusal(error)) {
    return new TributaryError(
      'ACCESS_REFUSED',
      `${message}; correct the user, the password or ?sasl= in the URL of Kafka`,
      options,
    );
  }
  if (disconnected(error)) {
    return new TributaryError('LOG_AWAY', `${message}; is Kafka running and reachable?`, options);
  }
  if (!(error instanceof KafkaError)) return error;
  if (FENCING.has(error.code)) {
    return new TributaryError('FENCED', `${message}; a newer owner has claimed the partition`, options);
  }
  if (error.code === CODE.UNKNOWN_TOPIC_OR_PARTITION || error.code === CODE.INVALID_TOPIC) {
    return new TributaryError('TOPIC_MISSING', `${message}; run \`tributary doctor\``, options);
  }
  if (TOO_LARGE.has(error.code)) {
    return new RecordTooLarge(error.topic, `${message}; raise max.message.bytes of the topic ${error.topic}`, options);
  }
  if (error.code === CODE.OFFSET_METADATA_TOO_LARGE) {
    return new TributaryError(
      'CONFIG_INVALID',
      `${message}; raise offset.metadata.max.bytes of the brokers, to 32768 for example`,
      options,
    );
  }
  if (error.code === CODE.INVALID_TIMESTAMP) {
    return new TributaryError(
      'CONFIG_INVALID',
      `${message}; correct this machine's clock, or raise message.timestamp.after.max.ms of the topic`,
      options,
    );
  }
  if (REFUSED.has(error.code)) {
    return new TributaryError('ACCESS_REFUSED', `${message}; give its user the right in Kafka`, options);
  }
  if (FORBIDDEN.has(error.code)) {
    return new TributaryError('CONFIG_INVALID', `${message}; correct the settings in Kafka`, options);
  }
  return new TributaryError('LOG_AWAY', message, options);
}

export async function guarded<T>(doing: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw translate(error, doing);
  }
}
