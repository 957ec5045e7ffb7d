/**
 * The brokers: which of them leads each partition and coordinates each group or transaction, and the
 * connections to them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../../core/errors.ts';
import { certificateProblem } from '../../../network/mix-up.ts';
import {
  findCoordinators,
  type Metadata,
  metadata,
  type PartitionMetadata,
  type TopicMetadata,
} from '../wire/calls/metadata.ts';
import { type Address, Connection } from '../wire/connection.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, hasCode, isPassing, KafkaError } from '../wire/errors.ts';
import { Coalescer } from './coalescer.ts';
import { listenerAt, mixUpOf } from './listener.ts';
import type { Settings } from './options.ts';
import { Shapes, shapeOf } from './shapes.ts';

/** The kinds of coordinators: for a consumer group or a transactional id. The numbers are the protocol's. */
const COORDINATED = { group: 0, transaction: 1 } as const;
type Coordinated = keyof typeof COORDINATED;

const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 250;
/** Brokers learn of a new topic one after the other, so a missing topic is requested this many times. */
const MISSING_TRIES = 5;
const MISSING_PAUSE_MS = 40;
/** While no broker can be reached, their listeners are checked at this interval. */
const LISTENER_MS = 10_000;
const NOT_REACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** The largest age at which the shape of a topic counts as recent. */
const FRESH_MS = 2000;

interface Cached {
  readonly topic: TopicMetadata;
  readonly at: number;
}

export class Cluster {
  readonly settings: Settings;
  readonly shapes = new Shapes();
  readonly #connections = new Map<string, Connection>();
  readonly #coordinators = new Map<string, number>();
  readonly #topics = new Map<string, Cached>();
  /** How many claims and members each topic has. */
  readonly #watched = new Map<string, number>();
  readonly #descriptions = new Coalescer<readonly string[], readonly TopicMetadata[]>((_, lists) =>
    this.#describeAll(lists),
  );
  readonly #lookups = new Coalescer<string, number>((kind, keys) => this.#find(kind as Coordinated, keys));
  #watch: NodeJS.Timeout | undefined;
  #nodes: ReadonlyMap<number, Address> = new Map();
  #controller = -1;
  /** Whether an error occurred since the metadata of the brokers was last requested. */
  #isStale = false;
  /** When the listeners of the brokers were last checked. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** How often the metadata was invalidated. */
  #epoch = 0;
  #closed = false;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The connection of that name to a broker; opened when first used. */
  connection(node: number, name: string): Connection {
    const address = this.#nodes.get(node);
    if (address === undefined) throw new KafkaError(CODE.COORDINATOR_NOT_AVAILABLE, `broker ${node} is not known`);
    return this.#connectionTo(address, name);
  }

  /**
   * Asks a broker for the metadata of all topics, or of the named ones. Topics that do not exist are left out. Concurrent callers share
   * a request.
   */
  async describe(names?: readonly string[]): Promise<readonly TopicMetadata[]> {
    const topics = names === undefined ? await this.#fetch(undefined) : await this.#descriptions.ask('', names);
    for (const topic of topics) {
      if (topic.error !== CODE.INVALID_TOPIC) check(topic.error, `the topic ${topic.name}`);
    }
    return topics;
  }

  /** The same, from the cache if it is not older than two seconds. */
  async recent(names: readonly string[]): Promise<readonly TopicMetadata[]> {
    const oldest = performance.now() - FRESH_MS;
    const found = new Map<string, TopicMetadata>();
    for (const name of names) {
      const cached = this.#topics.get(name);
      if (cached !== undefined && cached.at > oldest) found.set(name, cached.topic);
    }
    const old = names.filter((name) => !found.has(name));
    // Not read back from the cache, which may be cleared at any moment.
    for (const topic of old.length === 0 ? [] : await this.describe(old)) {
      if (this.shapes.change(shapeOf(topic)) !== undefined) {
        throw new KafkaError(
          CODE.LEADER_NOT_AVAILABLE,
          `a broker has not learnt of the last change of the topic ${topic.name}`,
        );
      }
      found.set(topic.name, topic);
    }
    return names.flatMap((name) => found.get(name) ?? []).filter(({ error }) => error === 0);
  }

  /** From the cache, if it is known. Throws TOPIC_MISSING. */
  async topic(name: string): Promise<TopicMetadata> {
    for (let tries = 1; ; tries++) {
      const known = this.#topics.get(name)?.topic;
      if (known !== undefined && known.error === 0) return known;
      if (tries > MISSING_TRIES || known !== undefined) {
        // The topic existed before, so this broker may merely be behind the others.
        if (this.shapes.of(name) !== undefined) throw new KafkaError(CODE.UNKNOWN_TOPIC_OR_PARTITION, `topic ${name}`);
        throw new TributaryError('TOPIC_MISSING', `there is no topic ${name} in Kafka; run \`tributary doctor\``);
      }
      if (tries > 1) await sleep(MISSING_PAUSE_MS);
      await this.describe([name]);
    }
  }

  /** Not from the cache. Throws TOPIC_MISSING. */
  async current(name: string): Promise<TopicMetadata> {
    await this.describe([name]);
    return this.topic(name);
  }

  /** Throws TOPIC_MISSING if the topic does not have the partition. */
  async partition(topic: string, partition: number): Promise<PartitionMetadata> {
    const known = await this.topic(topic);
    // The topic may have been expanded since.
    if (!known.partitions.some((each) => each.partition === partition)) await this.describe([topic]);
    const { partitions } = await this.topic(topic);
    const found = partitions.find((each) => each.partition === partition);
    if (found !== undefined) return found;
    throw new TributaryError(
      'TOPIC_MISSING',
      `topic ${topic} has ${partitions.length} partitions and no partition ${partition}; give one from 0 to ${partitions.length - 1}`,
    );
  }

  /** The number of the broker that leads the partition. */
  async leader(topic: string, partition: number): Promise<number> {
    const found = await this.partition(topic, partition);
    if (found.leader < 0 || !this.#nodes.has(found.leader)) {
      this.invalidate();
      throw new KafkaError(
        found.error === 0 ? CODE.LEADER_NOT_AVAILABLE : found.error,
        `partition ${partition} of ${topic} has no leader`,
      );
    }
    return found.leader;
  }

  async coordinator(kind: Coordinated, key: string): Promise<number> {
    const known = this.#coordinators.get(`${kind}/${key}`);
    if (known !== undefined && this.#nodes.has(known)) return known;
    return this.#lookups.ask(kind, key);
  }

  /** The number of the broker that takes requests to change topics. */
  async controller(): Promise<number> {
    await this.describe([]);
    return this.#controller;
  }

  /** Refreshes the metadata of the topic every `metadataMs`, until the returned function is called. */
  watch(topic: string): () => void {
    this.#watched.set(topic, (this.#watched.get(topic) ?? 0) + 1);
    this.#watch ??= setInterval(() => this.#refresh(), this.settings.metadataMs).unref();
    let watching = true;
    return () => {
      const others = (this.#watched.get(topic) ?? 0) - (watching ? 1 : 0);
      watching = false;
      if (others > 0) this.#watched.set(topic, others);
      else this.#watched.delete(topic);
    };
  }

  /** Clears the cached leaders and coordinators: they are looked up again. */
  invalidate(): void {
    this.#epoch += 1;
    this.#topics.clear();
    this.#coordinators.clear();
    this.#isStale = true;
  }

  /**
   * Retries after transient errors, for `patienceMs`. So `attempt` must be safe to repeat, and has
   * to look up leaders and coordinators each time.
   */
  async persist<T>(attempt: () => Promise<T>, patienceMs = this.settings.patienceMs): Promise<T> {
    const deadline = performance.now() + patienceMs;
    for (let pause = FIRST_PAUSE_MS; ; ) {
      const epoch = this.#epoch;
      try {
        return await attempt();
      } catch (error) {
        if (!isPassing(error) || performance.now() + pause > deadline) throw error;
        // A transaction that is ending takes a few ms; any other error may mean that another broker leads or coordinates now.
        if (!hasCode(error, CODE.CONCURRENT_TRANSACTIONS, CODE.UNSTABLE_OFFSET_COMMIT)) {
          // If the epoch has changed, the cached metadata are newer than those this attempt used.
          if (epoch === this.#epoch) this.invalidate();
          pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        }
        await sleep(pause);
      }
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#watch);
    for (const connection of this.#connections.values()) connection.close();
  }

  /** Closes the connections of that name. */
  release(name: string): void {
    for (const [id, connection] of this.#connections) {
      if (!id.endsWith(`/${name}`)) continue;
      connection.close();
      this.#connections.delete(id);
    }
  }

  #refresh(): void {
    // Ignored: the next refresh tries again, and callers that need the topic meanwhile get the error.
    if (this.#watched.size > 0) this.describe([...this.#watched.keys()]).catch(() => {});
  }

  #connectionTo(address: Address, name: string): Connection {
    if (this.#closed) throw new TributaryError('USAGE', 'the connection to Kafka is closed; open it again to use it');
    const id = `${address.host}:${address.port}/${name}`;
    const { clientId, connectMs, requestMs, security } = this.settings;
    const connection =
      this.#connections.get(id) ?? new Connection(address, { clientId, connectMs, requestMs, security });
    this.#connections.set(id, connection);
    return connection;
  }

  #anyNode(): number {
    const nodes = [...this.#nodes.keys()];
    return nodes[Math.floor(Math.random() * nodes.length)] as number;
  }

  async #describeAll(lists: readonly (readonly string[])[]): Promise<(readonly TopicMetadata[])[]> {
    const topics = await this.#fetch([...new Set(lists.flat())]);
    return lists.map((names) => topics.filter(({ name }) => names.includes(name)));
  }

  async #fetch(names: readonly string[] | undefined): Promise<readonly TopicMetadata[]> {
    const found = await this.#ask(metadata(names));
    this.#nodes = new Map(found.nodes.map(({ id, host, port }) => [id, { host, port }]));
    this.#controller = found.controller;
    this.#isStale = false;
    for (const name of names ?? this.#topics.keys()) this.#topics.delete(name);
    const topics = found.topics.filter(({ error }) => error !== CODE.UNKNOWN_TOPIC_OR_PARTITION);
    const at = performance.now();
    for (const topic of topics) {
      // The answer of a broker that is behind the others is not cached.
      if (topic.error !== 0 || this.shapes.update(topic)) this.#topics.set(topic.name, { topic, at });
    }
    return topics;
  }

  async #find(kind: Coordinated, keys: readonly string[]): Promise<(number | Error)[]> {
    if (this.#nodes.size === 0 || this.#isStale) await this.describe([]);
    const asked = [...new Set(keys)];
    const answers = await this.connection(this.#anyNode(), 'main').send(findCoordinators(COORDINATED[kind], asked));
    if (answers.some(({ error, node }) => error === 0 && !this.#nodes.has(node))) await this.describe([]);
    const found = new Map(answers.map((answer) => [answer.key, answer]));
    return keys.map((key) => {
      const answer = found.get(key);
      const what = `looking for the coordinator of the ${kind} ${key}`;
      if (answer === undefined) return new KafkaError(CODE.UNKNOWN_SERVER_ERROR, what);
      if (answer.error !== 0) return new KafkaError(answer.error, what);
      this.#coordinators.set(`${kind}/${key}`, answer.node);
      return answer.node;
    });
  }

  /** Asks the known brokers, then those of the configuration, until one answers. */
  async #ask(call: ReturnType<typeof metadata>): Promise<Metadata> {
    const known = [...this.#nodes.values()].sort(() => Math.random() - 0.5);
    let failure: unknown;
    const addresses = new Map([...known, ...this.settings.brokers].map((each) => [`${each.host}:${each.port}`, each]));
    for (const address of addresses.values()) {
      try {
        return await this.#connectionTo(address, 'main').send(call);
      } catch (error) {
        if (!isPassing(error)) throw error;
        failure = error;
      }
    }
    throw (await this.#reason(failure)) ?? failure;
  }

  /** The mismatch of TLS or SASL that keeps every broker from answering; undefined if that is not the reason. */
  async #reason(failure: unknown): Promise<TributaryError | undefined> {
    const doing = 'connecting to Kafka';
    const certificate = certificateProblem(failure);
    if (certificate !== undefined) return new TributaryError('ACCESS_REFUSED', `${doing}: ${certificate}`);
    if (NOT_REACHED.has(String((failure as NodeJS.ErrnoException).code))) return undefined;
    if (performance.now() - this.#lookedAt < LISTENER_MS) return undefined;
    this.#lookedAt = performance.now();
    for (const address of this.settings.brokers) {
      const listener = await listenerAt(address);
      const mixUp = listener && mixUpOf(this.settings, address, listener);
      if (mixUp !== undefined) return new TributaryError('CONFIG_INVALID', `${doing}: ${mixUp}`);
    }
    return undefined;
  }
}
