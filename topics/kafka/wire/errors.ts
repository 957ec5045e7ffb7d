/**
 * Classifies errors of Kafka and of connections: retry, a newer owner, a missing topic, or a setting that has
 * to be changed.
 */
import { messageOf, TributaryError } from '../../../core/errors.ts';
import { RecordTooLarge } from '../../log/limits.ts';
import { CODE, codesOf, describeCode } from './error-codes.ts';

/** To retry: leaders, coordinators or replicas are just changing, or a transaction is just ending. */
const PASSING = codesOf(
  'UNKNOWN_SERVER_ERROR',
  'CORRUPT_MESSAGE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'CONCURRENT_TRANSACTIONS',
  'KAFKA_STORAGE_ERROR',
  'LISTENER_NOT_FOUND',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'PREFERRED_LEADER_NOT_AVAILABLE',
  'UNSTABLE_OFFSET_COMMIT',
  'UNKNOWN_TOPIC_ID',
);
const FENCING = codesOf('INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING', 'PRODUCER_FENCED');
/** Rights and credentials. */
const REFUSED = codesOf(
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SECURITY_DISABLED',
  'SASL_AUTHENTICATION_FAILED',
  'DELEGATION_TOKEN_AUTH_DISABLED',
  'DELEGATION_TOKEN_AUTHORIZATION_FAILED',
);
/** Forbidden by the settings of the cluster. */
const FORBIDDEN = codesOf(
  'INVALID_REQUIRED_ACKS',
  'INVALID_SESSION_TIMEOUT',
  'UNSUPPORTED_VERSION',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_REPLICA_ASSIGNMENT',
  'INVALID_CONFIG',
  'INVALID_REQUEST',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
  'INVALID_TRANSACTION_TIMEOUT',
  'OPERATION_NOT_ATTEMPTED',
);
export const TOO_LARGE = codesOf('MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE');

/** An error that a broker returned. It does not leave topics/kafka: see `translate`. */
export class KafkaError extends Error {
  readonly code: number;
  /** The topic that it concerns, if that matters. */
  readonly topic: string;

  constructor(code: number, what: string, topic = '') {
    super(`${what}: ${describeCode(code)}`);
    this.name = 'KafkaError';
    this.code = code;
    this.topic = topic;
  }
}

interface Cause {
  readonly cause?: unknown;
  /** The code of the socket's error, such as ECONNREFUSED. */
  readonly code?: string | undefined;
}

/** The broker did not answer. The connection cannot be used any more, and the outcome of its requests is unknown. */
export class Unreachable extends Error {
  override name = 'Unreachable';
  readonly code: string | undefined;

  constructor(message: string, { cause, code }: Cause = {}) {
    super(message, { cause });
    this.code = code;
  }
}

/** One answer did not arrive; nothing else is known about the connection. */
export class TimedOut extends Unreachable {
  override name = 'TimedOut';
}

/** Wrong credentials. */
export class LoginRefused extends Error {
  override name = 'LoginRefused';
}

/** Throws unless the code is 0. */
export function check(code: number, what: string): void {
  if (code !== 0) throw new KafkaError(code, what);
}

export const hasCode = (error: unknown, ...codes: number[]): boolean =>
  error instanceof KafkaError && codes.includes(error.code);

export function isPassing(error: unknown): boolean {
  return error instanceof KafkaError ? PASSING.has(error.code) : error instanceof Unreachable;
}

export const isFencing = (error: unknown): boolean => error instanceof KafkaError && FENCING.has(error.code);

/**
 * Returns an error of the port. An error that comes neither from Kafka nor from the network is a bug, and
 * stays as it is. `doing` is a phrase such as "reading offsets".
 */
export function translate(error: unknown, doing: string): unknown {
  const message = `${doing}: ${messageOf(error)}`;
  const options = { cause: error };
  if (error instanceof LoginRefused) {
    return new TributaryError(
      'ACCESS_REFUSED',
      `${message}; correct the user, the password or ?sasl= in the URL of Kafka`,
      options,
    );
  }
  if (error instanceof Unreachable) {
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
      `${message}; this machine's clock is ahead of the broker's by more than message.timestamp.after.max.ms of the topic: correct it`,
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
