/** The meaning of an error of S3: wait, choose another name, or let an operator look at it. */
import { TributaryError } from '../../../core/errors.ts';

interface Known {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly unknown[];
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** The names of transient errors of S3, the SDK and Node. */
const PASSING = new Set(
  `SlowDown ServiceUnavailable InternalError RequestTimeout RequestTimeoutException ThrottlingException Throttling
   TooManyRequestsException RequestLimitExceeded BandwidthLimitExceeded OperationAborted BadDigest IncompleteBody
   XAmzContentChecksumMismatch XAmzContentSHA256Mismatch TimeoutError AbortError ConditionalRequestConflict
   NoSuchUpload ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT EHOSTUNREACH ENETUNREACH EHOSTDOWN ENETDOWN
   ENOTFOUND EAI_AGAIN EADDRNOTAVAIL EMFILE ENFILE ERR_STREAM_PREMATURE_CLOSE ERR_SOCKET_CONNECTION_TIMEOUT`.split(
    /\s+/,
  ),
);
const ABSENT = new Set(['NoSuchKey', 'NotFound']);
/** The key is also the prefix of another key. S3 accepts this; servers on a file system do not. */
const CLASHING = new Set(['ObjectParentIsFile', 'ExistingObjectIsDirectory', 'XMinioParentIsObject']);
const REFUSED = new Set(['KeyTooLongError', 'EntityTooLarge', 'InvalidObjectName', 'XMinioInvalidObjectName']);
const REFUSING: Readonly<Record<string, string>> = {
  AccessDenied: 'grant the role its rights on the bucket and its objects',
  InvalidAccessKeyId: 'check the credentials',
  XAdminUserNotFound: 'check the credentials',
  SignatureDoesNotMatch: 'check the credentials',
  ExpiredToken: 'renew the credentials',
  CredentialsProviderError: 'give credentials in the URL or the environment, or the container a role',
};
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: 'create the bucket, or correct the URL',
  RequestTimeTooSkewed: 'set the clock of this machine',
  AuthorizationHeaderMalformed: 'set the region of the URL',
  PermanentRedirect: 'set the region of the URL',
};
const NO_REGION = /^Region is missing/;
const CHECKSUM = /^Checksum mismatch/;
const BROKEN = /^(aborted|Connection lost)/;
const TLS = /certificate|^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO)/;

export const isAbsent = (error: unknown): boolean => ABSENT.has(nameOf(error));
export const isBeyondEnd = (error: unknown): boolean => nameOf(error) === 'InvalidRange' || statusOf(error) === 416;
/** Servers on a file system also report this if the folder is removed during a write, with its last other object. */
export const isClash = (error: unknown): boolean => CLASHING.has(nameOf(error));
/** Another process is writing the same key at this moment. */
export const isConflict = (error: unknown): boolean => nameOf(error) === 'ConditionalRequestConflict';
/** The server closed the connection before it had read everything. It may have sent a reason that was lost. */
export const isCutOff = (error: unknown): boolean => /^(EPIPE|ECONNRESET)$/.test(String((error as Known).code));
/** Whether the server sent the error, and not the network. */
export const hasAnswer = (error: unknown): boolean => statusOf(error) !== undefined;
const isTaken = (error: unknown): boolean => nameOf(error) === 'PreconditionFailed' || statusOf(error) === 412;

/** Whether an earlier attempt of the write, which got no answer, may have succeeded. */
export function mayHaveHappened(error: unknown): boolean {
  const { $metadata } = error as Known;
  return ($metadata?.attempts ?? 1) > 1 && (isTaken(error) || isConflict(error) || nameOf(error) === 'NoSuchUpload');
}

/** Translates the error of a write; with `once`, also the one for a name that is taken. */
export function writeError(error: unknown, name: string, once: boolean): unknown {
  if (once && (isTaken(error) || isConflict(error))) {
    return new TributaryError('ALREADY_EXISTS', `there is an object ${name} already; read it, or choose another name`);
  }
  return objectsError(error, `writing the object ${name}`);
}

/** Translates the error to one of ours. An error from neither S3 nor its connection is returned unchanged. */
export function objectsError(error: unknown, what: string): unknown {
  if (error instanceof TributaryError || !(error instanceof Error)) return error;
  const name = nameOf(error);
  const status = statusOf(error);
  const message = `${what} in S3: ${textOf(error, name, status)}`;
  const options = { cause: error };
  if (isClash(error)) {
    const reason = 'on this server a name is either an object or the folder of others; choose another name';
    return new TributaryError('USAGE', `${message}; ${reason}`, options);
  }
  if (REFUSED.has(name)) return new TributaryError('USAGE', `${message}; choose a shorter name or less`, options);
  if (NO_REGION.test(error.message)) {
    return new TributaryError('STORE_BROKEN', `${message}; ${ADVICE['PermanentRedirect']}`, options);
  }
  if (REFUSING[name] !== undefined) {
    return new TributaryError('ACCESS_REFUSED', `${message}; ${REFUSING[name]}`, options);
  }
  if (ADVICE[name] !== undefined) return new TributaryError('STORE_BROKEN', `${message}; ${ADVICE[name]}`, options);
  if (PASSING.has(name) || BROKEN.test(error.message) || status === 429 || (status !== undefined && status >= 500)) {
    return new TributaryError('OBJECTS_AWAY', `${message}; waiting for it`, options);
  }
  if (CHECKSUM.test(error.message)) {
    return new TributaryError('STORE_BROKEN', `${message}; the object is damaged: restore it`, options);
  }
  if (TLS.test(name) || TLS.test(error.message)) {
    return new TributaryError(
      'ACCESS_REFUSED',
      `${message}; check the endpoint and its certificate authority`,
      options,
    );
  }
  if (status === undefined) return error;
  if (status === 401 || status === 403) {
    return new TributaryError('ACCESS_REFUSED', `${message}; ${REFUSING['AccessDenied']}`, options);
  }
  return new TributaryError('STORE_BROKEN', `${message}; run \`tributary doctor\``, options);
}

/** S3 names its errors; Node gives them codes. */
function nameOf(error: unknown): string {
  const { name, code, errors } = error as Known;
  if (typeof name === 'string' && name !== 'Error' && name !== 'AggregateError') return name;
  if (typeof code === 'string') return code;
  // A name with several addresses: use the error of the first.
  const first = errors?.[0] as Known | undefined;
  return typeof first?.code === 'string' ? first.code : '';
}

function statusOf(error: unknown): number | undefined {
  return (error as Known).$metadata?.httpStatusCode;
}

/** A message for the error. An answer without a body, such as one to HEAD, has none of its own. */
function textOf(error: Error, name: string, status: number | undefined): string {
  const reason = error.message === '' || error.message === 'UnknownError' ? '' : error.message;
  const label = name === '' || reason.includes(name) ? '' : `${name} `;
  return `${label}${reason}`.trim() || `status ${status}`;
}
