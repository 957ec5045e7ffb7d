/** Signed calls. Each waits for its turn. Receivers that fail are not called for a while. */
import type { Answer, Channel, Message } from '../port.ts';
import { Forbidden } from './addresses.ts';
import { outcomeOf, retryAfterMs } from './answer.ts';
import { ConcurrencyLimit } from './concurrency.ts';
import { Pauses } from './pauses.ts';
import type { WebhookRequest } from './payload.ts';
import { Poster, type PostOptions, Unanswered } from './post.ts';
import type { Signer } from './secrets.ts';

export interface CommonOptions {
  /** The authority of the receivers' certificates, as PEM, if it is not publicly trusted. */
  readonly ca?: string | undefined;
  /**
   * What to do with a message if it is unknown whether it arrived. `honours-key`: the receiver is known to accept each
   * `webhook-id` only once.
   */
  readonly repeats?: Channel['repeats'];
  readonly timeoutMs?: number;
  /** How many calls to one host are made at once. */
  readonly callsAtOnce?: number;
  /** A clock in ms since 1970 UTC, for tests. */
  readonly now?: () => number;
  /** A monotonic clock in ms, for tests. */
  readonly elapsed?: () => number;
}

const TIMEOUT_MS = 10_000;
const LARGEST_BODY = 256 * 1024;

/** A call that is ready to be made. */
export interface Parcel {
  readonly url: URL;
  readonly signer: Signer;
  readonly request: WebhookRequest;
}

interface Kind extends Pick<PostOptions, 'lookup'> {
  /** Whether the receiver is one of our services. */
  readonly ours: boolean;
  readonly callsAtOnce: number;
}

export class SignedCalls implements Channel {
  readonly repeats: Channel['repeats'];
  readonly #ours: boolean;
  readonly #parcel: (message: Message) => Parcel | Answer;
  readonly #poster: Poster;
  readonly #limit: ConcurrencyLimit;
  readonly #pauses = new Pauses();
  readonly #now: () => number;
  readonly #elapsed: () => number;

  constructor(
    options: CommonOptions,
    { ours, callsAtOnce, lookup }: Kind,
    parcel: (message: Message) => Parcel | Answer,
  ) {
    const {
      repeats = 'at-least-once',
      ca,
      timeoutMs = TIMEOUT_MS,
      now = Date.now,
      elapsed = () => performance.now(),
    } = options;
    this.repeats = repeats;
    this.#ours = ours;
    this.#parcel = parcel;
    this.#now = now;
    this.#elapsed = elapsed;
    this.#limit = new ConcurrencyLimit(options.callsAtOnce ?? callsAtOnce);
    const mayRepeat = repeats !== 'at-most-once';
    this.#poster = new Poster({ ca, timeoutMs, mayRepeat, ...(lookup === undefined ? {} : { lookup }) });
  }

  async send(message: Message): Promise<Answer> {
    const parcel = this.#parcel(message);
    if ('outcome' in parcel) return parcel;
    const size = Buffer.byteLength(parcel.request.body);
    if (size > LARGEST_BODY) {
      return { outcome: 'refused', detail: `the message has ${size} bytes; at most ${LARGEST_BODY} are sent` };
    }
    return this.#limit.run(parcel.url.origin, () => this.#inTurn(parcel));
  }

  /** Checks for pauses here, because one may have begun while the call waited for its turn. */
  async #inTurn(parcel: Parcel): Promise<Answer> {
    const { origin, href } = parcel.url;
    const elapsed = this.#elapsed();
    const until = this.#pauses.until(origin, elapsed) ?? this.#pauses.until(href, elapsed);
    if (until === undefined) return this.#call(parcel);
    const end = new Date(this.#now() + until - elapsed).toISOString();
    return { outcome: 'away', detail: `${origin} failed recently and is not called until ${end}` };
  }

  async #call({ url, signer, request: { id, body } }: Parcel): Promise<Answer> {
    const time = new Date(this.#now());
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Tributary',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(time.getTime() / 1000)),
      'webhook-signature': signer.sign(id, time, body),
    };
    const { origin, href } = url;
    try {
      const { status, retryAfter } = await this.#poster.post(url, headers, body);
      this.#pauses.succeeded(origin);
      const outcome = outcomeOf(status, this.#ours);
      if (outcome === 'away') this.#pauses.failed(href, this.#elapsed(), retryAfterMs(retryAfter, this.#now()));
      else this.#pauses.succeeded(href);
      return { outcome, detail: `${origin} answered ${status}` };
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      if (error.cause instanceof Forbidden) return { outcome: 'refused', detail: error.message };
      this.#pauses.failed(origin, this.#elapsed());
      const isUnknown = error.mayHaveArrived && this.repeats === 'at-most-once';
      return { outcome: isUnknown ? 'unknown' : 'away', detail: `${origin}: ${error.message}` };
    }
  }

  async close(): Promise<void> {
    this.#poster.close();
  }
}
