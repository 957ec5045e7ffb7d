/**
 * The address of a bucket, and how to connect to it:
 *
 *     s3://<bucket>/<prefix>?region=eu-central-1                                        S3 itself
 *     s3://<bucket>/<prefix>?endpoint=https://minio.example.org:9000                    any other server
 *     s3://<key>:<secret>@<bucket>?endpoint=http://127.0.0.1:9000&region=us-east-1      with credentials
 *
 * - `prefix`: all keys begin with it. Two installations that share a bucket need different prefixes.
 * - `region`: of the bucket. By default AWS_REGION or the profile's, and us-east-1 where an endpoint is given.
 * - `pathStyle`: `true` puts the bucket into the path of the URL, not into the host name. This is the default if an
 *   endpoint is given.
 * - `linkEndpoint`: the beginning of links, if readers use another address of the server than we do.
 * - `checksums=required`: sends and checks only the checksums that S3 requires, for servers that do not support others.
 * - Credentials that are not given come from the sources of AWS's tools: environment, profile, container, instance,
 *   web identity. Characters that a URL does not allow, such as "/" or "+" in a secret, are percent-encoded.
 *
 * The role needs s3:GetObject, PutObject, DeleteObject, AbortMultipartUpload on the objects and s3:ListBucket on the
 * bucket: without the latter, S3 answers that access is denied if an object does not exist. A process that is killed
 * during a write leaves invisible parts; a lifecycle rule of the bucket, AbortIncompleteMultipartUpload, removes them.
 */
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { TributaryError } from '../../../core/errors.ts';
import type { UrlForm } from '../../../network/mix-up.ts';
import { addressOf, HTTP } from '../../../network/speaking.ts';
import { checkName } from '../names.ts';
import type { Location } from './request.ts';

export interface S3Options {
  readonly url: string;
  /** Overrides the URL. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Overrides the URL. */
  readonly linkEndpoint?: string;
  /** The certificate authorities of the endpoint in PEM, besides those of the system. */
  readonly ca?: string;
  /**
   * The size of the parts of a large object, in bytes: 8 MiB by default, at least 5 MiB; 10,000 parts at most. One
   * write has up to `partsInFlight` + 1 of them in memory.
   */
  readonly partBytes?: number;
  /** The number of parts of one object that are sent at once: 3 by default. */
  readonly partsInFlight?: number;
  /** How long a call, with all its attempts, may go without an answer before it counts as an outage, in ms: 10 s by default. */
  readonly timeoutMs?: number;
}

export interface Connection {
  readonly location: Location;
  readonly partBytes: number;
  readonly partsInFlight: number;
  /** Whether the endpoint uses TLS, if one is given. */
  readonly form: UrlForm | undefined;
  /** How long one attempt may go without receiving a byte, in ms. */
  readonly idleMs: number;
  /** For a client whose calls end with the answer. */
  readonly calls: S3ClientConfig;
  /** For a client whose calls set their own time-outs: bodies are read as fast as the reader wants. */
  readonly patient: S3ClientConfig;
  /** For the client that signs links. */
  readonly links: S3ClientConfig;
}

const MIB = 1024 * 1024;
const SECOND = 1000;
const DEFAULTS = { partBytes: 8 * MIB, partsInFlight: 3, timeoutMs: 10 * SECOND };
const SMALLEST_PART = 5 * MIB;
const ATTEMPTS = 3;
const SOCKETS = 128;
const PARAMETERS = new Set(['region', 'endpoint', 'pathStyle', 'linkEndpoint', 'checksums']);
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Throws CONFIG_INVALID, without the URL, which may contain a secret. */
export function connectionOf(options: S3Options): Connection {
  const url = parse(options.url);
  const parameters = url.searchParams;
  for (const name of parameters.keys()) {
    if (!PARAMETERS.has(name)) throw invalid(`has the parameter ${name}; known are ${[...PARAMETERS].join(', ')}`);
  }
  const partBytes = options.partBytes ?? DEFAULTS.partBytes;
  if (!Number.isSafeInteger(partBytes) || partBytes < SMALLEST_PART) {
    throw invalid(`comes with parts of ${partBytes} bytes; S3 takes ${SMALLEST_PART} or more`);
  }
  const idleMs = Math.ceil((options.timeoutMs ?? DEFAULTS.timeoutMs) / ATTEMPTS);
  const shared = sharedOf(url, options);
  const agents = { httpAgent: agentOf(undefined), httpsAgent: agentOf(options.ca) };
  const endpoint = options.linkEndpoint ?? parameters.get('linkEndpoint');
  return {
    location: locationOf(url),
    partBytes,
    partsInFlight: options.partsInFlight ?? DEFAULTS.partsInFlight,
    idleMs,
    form: formOf(parameters.get('endpoint')),
    calls: { ...shared, requestHandler: { connectionTimeout: idleMs, socketTimeout: idleMs, ...agents } },
    patient: {
      ...shared,
      requestHandler: {
        connectionTimeout: idleMs,
        requestTimeout: idleMs,
        throwOnRequestTimeout: true,
        ...agents,
      },
    },
    links: endpoint === null ? shared : { ...shared, endpoint: endpointOf('linkEndpoint', endpoint) },
  };
}

function formOf(endpoint: string | null): UrlForm | undefined {
  if (endpoint === null) return undefined;
  const url = new URL(endpointOf('endpoint', endpoint));
  const [plainly, encrypted] = ['endpoint=http://', 'endpoint=https://'];
  return { addresses: [addressOf(url)], tls: url.protocol === 'https:', hello: HTTP, plainly, encrypted };
}

function sharedOf(url: URL, options: S3Options): S3ClientConfig {
  const parameters = url.searchParams;
  const endpoint = parameters.get('endpoint');
  const region = parameters.get('region') ?? (endpoint === null ? undefined : 'us-east-1');
  const pathStyle = parameters.get('pathStyle') ?? String(endpoint !== null);
  if (pathStyle !== 'true' && pathStyle !== 'false') throw invalid(`has the pathStyle ${pathStyle}, not true or false`);
  const checksums = parameters.get('checksums') ?? 'supported';
  if (checksums !== 'required' && checksums !== 'supported')
    throw invalid(`has the checksums ${checksums}, not required`);
  const when = checksums === 'required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const credentials = options.credentials ?? credentialsOf(url);
  return {
    ...(endpoint === null ? {} : { endpoint: endpointOf('endpoint', endpoint) }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: pathStyle === 'true',
    maxAttempts: ATTEMPTS,
    requestChecksumCalculation: when,
    responseChecksumValidation: when,
    // The client would wait some seconds for a server that does not support this header.
    expectContinueHeader: false,
  };
}

function parse(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw invalid('is not a URL; percent-encode special characters in the credentials');
  if (url.protocol !== 's3:') throw invalid(`begins with ${url.protocol}//; it must begin with s3://`);
  return url;
}

function locationOf(url: URL): Location {
  const bucket = url.hostname;
  if (!BUCKET.test(bucket)) throw invalid(`has the bucket ${JSON.stringify(bucket)}, which is not a valid name`);
  const prefix = url.pathname.replace(/^\/|\/$/g, '');
  if (prefix === '') return { bucket, prefix };
  try {
    checkName(prefix);
  } catch (error) {
    throw new TributaryError('CONFIG_INVALID', `the prefix of the S3 URL is wrong: ${(error as Error).message}`);
  }
  return { bucket, prefix: `${prefix}/` };
}

function credentialsOf(url: URL): { accessKeyId: string; secretAccessKey: string } | undefined {
  if (url.username === '' && url.password === '') return undefined;
  if (url.username === '' || url.password === '') throw invalid('has a key without its secret, or the other way round');
  try {
    return { accessKeyId: decodeURIComponent(url.username), secretAccessKey: decodeURIComponent(url.password) };
  } catch {
    throw invalid('has a "%" in its credentials that encodes nothing; write it as %25');
  }
}

function endpointOf(name: string, text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '') return text;
  throw invalid(`has an ${name} that is not an http:// or https:// URL without credentials`);
}

function agentOf(ca: string | undefined) {
  return { keepAlive: true, maxSockets: SOCKETS, ...(ca === undefined ? {} : { ca }) };
}

function invalid(problem: string): TributaryError {
  return new TributaryError('CONFIG_INVALID', `the URL of S3 ${problem}`);
}
