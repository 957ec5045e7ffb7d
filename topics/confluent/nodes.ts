/** The nodes of a registry. A request goes to each in turn until one answers. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { answerOf } from '../../network/answer.ts';
import { certificateProblem, mixUpFinder } from '../../network/mix-up.ts';
import { addressOf, HTTP } from '../../network/speaking.ts';
import { isPassing, type RegistryAnswer, type RegistryRequest, wasOvertaken } from './request.ts';

export interface NodesOptions {
  readonly url: string;
  readonly ca?: string;
  readonly timeoutMs: number;
}

interface Node {
  readonly base: URL;
  readonly authorization: string | undefined;
  /** Returns a message if the node does not answer because only one side uses TLS; see `mixUpFinder`. */
  readonly mixUp: (error: unknown) => Promise<string | undefined>;
}

const LARGEST_ANSWER = 8 * 1024 * 1024;

export class Nodes {
  readonly #nodes: readonly Node[];
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly #timeoutMs: number;
  /** The index of the node that answered last; requests begin with it. */
  #first = 0;

  constructor({ url, ca, timeoutMs }: NodesOptions) {
    this.#nodes = nodesOf(url);
    this.#timeoutMs = timeoutMs;
    this.#agents = {
      http: new HttpAgent(),
      https: new HttpsAgent(ca === undefined ? {} : { ca }),
    };
  }

  /**
   * Asks the nodes in turn until an answer `isFinal`. If none is, returns the last answer. Throws CONFIG_INVALID if only one side
   * speaks TLS, ACCESS_REFUSED if a certificate is not trusted, and REGISTRY_AWAY if no node answers within the time for a call.
   */
  async ask(request: RegistryRequest, isFinal: (answer: RegistryAnswer) => boolean): Promise<RegistryAnswer> {
    const end = performance.now() + this.#timeoutMs;
    const problems: string[] = [];
    let failure: unknown;
    let last: RegistryAnswer | undefined;
    const count = this.#nodes.length;
    const start = this.#first;
    for (let turn = 0; turn < count; turn++) {
      const index = (start + turn) % count;
      const node = this.#nodes[index] as Node;
      try {
        const exchange = () => this.#exchange(node, request, Math.max(1, (end - performance.now()) / (count - turn)));
        const first = await exchange();
        const answer = wasOvertaken(first) ? await exchange() : first;
        if (isPassing(answer)) throw new Error(`it answered ${answer.status}`);
        this.#first = index;
        last = answer;
        if (isFinal(answer)) break;
      } catch (error) {
        problems.push(`${node.base.host}: ${messageOf(error)}`);
        failure = error;
      }
    }
    if (last !== undefined) return last;
    const certificate = certificateProblem(failure);
    if (certificate !== undefined) throw new TributaryError('ACCESS_REFUSED', `${request.purpose}: ${certificate}`);
    for (const { mixUp } of isOfConnection(failure) ? this.#nodes : []) {
      const text = await mixUp(failure);
      if (text !== undefined) throw new TributaryError('CONFIG_INVALID', `${request.purpose}: ${text}`);
    }
    throw new TributaryError(
      'REGISTRY_AWAY',
      `${request.purpose}: the registry does not answer: ${problems.join('; ')}`,
    );
  }

  #exchange(node: Node, { method, path, body }: RegistryRequest, ms: number): Promise<RegistryAnswer> {
    const secure = node.base.protocol === 'https:';
    return new Promise((resolve, reject) => {
      // Also limits a response that begins and never ends.
      const signal = AbortSignal.timeout(Math.ceil(ms));
      const request = (secure ? httpsRequest : httpRequest)(
        {
          agent: secure ? this.#agents.https : this.#agents.http,
          host: hostOf(node.base),
          port: node.base.port,
          method,
          path: node.base.pathname.replace(/\/+$/, '') + path,
          headers: {
            accept: 'application/vnd.schemaregistry.v1+json, application/json',
            ...(node.authorization === undefined ? {} : { authorization: node.authorization }),
            ...(body === undefined
              ? {}
              : {
                  'content-type': 'application/vnd.schemaregistry.v1+json',
                  'content-length': Buffer.byteLength(body),
                }),
          },
          signal,
        },
        (response) => void answerOf(response, LARGEST_ANSWER).then(resolve, (error: Error) => fail(error)),
      );
      const fail = (error: Error): void => {
        reject(signal.aborted ? new Error(`it did not answer within ${Math.ceil(ms)} ms`) : error);
      };
      request.on('error', fail);
      request.end(body);
    });
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
}

/** Errors of sockets, TLS and HTTP have a code. */
const isOfConnection = (error: unknown): boolean => typeof (error as NodeJS.ErrnoException).code === 'string';

/** `request` takes an IPv6 address without brackets. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** Messages never contain the URL, because it may contain a password. */
function nodesOf(text: string): Node[] {
  const given = text.split(',').map((part) => {
    const url = URL.canParse(part.trim()) ? new URL(part.trim()) : undefined;
    if (url !== undefined && ['http:', 'https:'].includes(url.protocol) && isDecodable(url)) return url;
    throw new TributaryError(
      'CONFIG_INVALID',
      'the URL of the schema registry must be one or more of http://host:port or https://host:port, with commas between them',
    );
  });
  const authorizations = given.map(authorizationOf);
  const [shared] = authorizations;
  return given.map((base, index) => ({
    base,
    authorization: authorizations[index] ?? shared,
    mixUp: mixUpFinder({
      addresses: [addressOf(base)],
      tls: base.protocol === 'https:',
      hello: HTTP,
      plainly: 'http://',
      encrypted: 'https://',
    }),
  }));
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '') return undefined;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
