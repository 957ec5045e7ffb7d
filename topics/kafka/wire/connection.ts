/**
 * One connection to one broker. It is opened when it is first used, and again after it was lost. A
 * broker answers the requests of a connection one after the other, so requests that wait (a join, a
 * fetch) have a separate connection.
 *
 * kafkajs provides sockets, SASL and versions (`kafkajs.ts`). Its producer and consumer are not
 * used: they cannot ask for stable offsets, wait for one partition's records before they fetch
 * another's, stop for good on a TypeError, silently skip lost records, and commit for partitions
 * they no longer own.
 */
import { TributaryError } from '../../../core/errors.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import type { Call } from './call.ts';
import { TimedOut, Unreachable } from './errors.ts';
import { type Link, type LinkOptions, linkTo } from './kafkajs.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type ConnectionOptions = Omit<LinkOptions, keyof Address>;

export class Connection {
  readonly #address: Address;
  readonly #options: ConnectionOptions;
  #link: Link | undefined;
  /** Requests in flight by link. A link that accepts no more requests stays until it has none. */
  readonly #pending = new Map<Link, number>();
  /** Ready once the broker has returned the versions that it offers and accepted the login. */
  #opening: Link | undefined;
  #connecting: Promise<Link> | undefined;
  #closed = false;

  constructor(address: Address, options: ConnectionOptions) {
    this.#address = address;
    this.#options = options;
  }

  async send<T>(call: Call<T>): Promise<T> {
    const { name, key, version, timeoutMs } = call;
    const link = await this.#connected();
    if (!link.isOffered(key, version)) throw unsupported(name, this.#address);
    const decode = (payload: Buffer) => decoded(call, payload);
    return this.#send(link, () => link.send({ name, key, version, timeoutMs, body: encoded(call), decode }));
  }

  close(): void {
    this.#closed = true;
    this.#drop(this.#opening);
    for (const link of [this.#link, ...this.#pending.keys()]) this.#drop(link);
  }

  async #send<T>(link: Link, send: () => Promise<T>): Promise<T> {
    this.#pending.set(link, (this.#pending.get(link) ?? 0) + 1);
    try {
      return await send();
    } catch (error) {
      // Only a time-out reveals a half-open connection. Later requests use a new link; requests in
      // flight keep their own time-outs.
      if (error instanceof TimedOut) this.#retire(link);
      else if (error instanceof Unreachable) this.#drop(link);
      throw error;
    } finally {
      this.#answered(link);
    }
  }

  #retire(link: Link): void {
    if (this.#link === link) this.#link = undefined;
  }

  #answered(link: Link): void {
    const left = (this.#pending.get(link) ?? 1) - 1;
    if (left > 0) this.#pending.set(link, left);
    else this.#pending.delete(link);
    if (left === 0 && this.#link !== link) this.#drop(link);
  }

  async #connected(): Promise<Link> {
    if (this.#closed) throw new TributaryError('USAGE', 'the connection to Kafka is closed; open it again to use it');
    if (this.#link?.isOpen()) return this.#link;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Link> {
    this.#drop(this.#link);
    const { host, port } = this.#address;
    const link = linkTo({ host, port, ...this.#options });
    this.#opening = link;
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const refuse = () => reject(new Unreachable(`${host}:${port} refused the login`));
      late = setTimeout(refuse, 2 * this.#options.connectMs);
    });
    try {
      await Promise.race([link.open(), tooLate]);
    } catch (error) {
      this.#drop(link);
      throw error;
    } finally {
      clearTimeout(late);
      this.#opening = undefined;
    }
    this.#link = link;
    if (this.#closed) this.#drop(link);
    return link;
  }

  #drop(link: Link | undefined): void {
    if (link === undefined) return;
    if (this.#link === link) this.#link = undefined;
    link.close(new Unreachable('the connection was closed'));
  }
}

function encoded<T>(call: Call<T>): Buffer {
  const writer = new ByteWriter();
  if (call.flexible) writer.noTags();
  call.write(writer);
  return writer.written;
}

function decoded<T>(call: Call<T>, payload: Buffer): { answer: T; throttleMs: number } {
  const reader = new ByteReader(payload);
  if (call.flexible) reader.tags();
  const answer = call.read(reader);
  return { answer, throttleMs: reader.throttleMs };
}

function unsupported(name: string, { host, port }: Address): TributaryError {
  return new TributaryError(
    'CONFIG_INVALID',
    `the broker ${host}:${port} does not support the versions of ${name} that Tributary needs; use Kafka 3.6 to 4.x`,
  );
}
