/** The brokers: who leads which partition, who coordinates which group or transaction, and the lanes that lead to them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../../core/errors.ts';
import { certificateProblem } from '../../../network/mix-up.ts';
import {
  findCoordinators,
  type Metadata,
  metadata,
  type PartitionMetadata,
  type TopicMetadata,
} from '../wire/calls.ts';
import { type Address, Lane } from '../wire/connection.ts';
import { CODE, check, hasCode, isPassing, KafkaError } from '../wire/errors.ts';
import { Together } from './coalescer.ts';
import { listenerAt, mixUpOf } from './listener.ts';
import type { Settings } from './options.ts';
import { Shapes } from './shapes.ts';

/** What has a coordinator: a consumer group or a transactional id. The numbers are the protocol's. */
const COORDINATES = { group: 0, transaction: 1 } as const;
type Coordinates = keyof typeof COORDINATES;

const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 250;
/** Brokers hear of a new topic one after the other: so often a missing one is asked for. */
const MISSING_TRIES = 5;
const MISSING_PAUSE_MS = 40;
/** What the brokers want to be spoken to in is looked at so often, while none can be spoken to. */
const LOOK_AGAIN_MS = 10_000;
const NOBODY_THERE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** How old an answer may be that says what a topic looks like now. */
const FRESH_MS = 2000;

interface Heard {
  readonly topic: TopicMetadata;
  readonly at: number;
}

export class Cluster {
  readonly settings: Settings;
  readonly shapes = new Shapes();
  readonly #lanes = new Map<string, Lane>();
  readonly #coordinators = new Map<string, number>();
  readonly #topics = new Map<string, Heard>();
  /** How many claims and members each topic has. */
  readonly #watched = new Map<string, number>();
  readonly #descriptions = new Together<readonly string[], readonly TopicMetadata[]>((_, lists) =>
    this.#describeAll(lists),
  );
  readonly #findings = new Together<string, number>((kind, keys) => this.#find(kind as Coordinates, keys));
  #watch: NodeJS.Timeout | undefined;
  #nodes: ReadonlyMap<number, Address> = new Map();
  #controller = -1;
  /** Whether something went wrong since the brokers were last asked about themselves. */
  #isStale = false;
  /** When it was last looked what the brokers want to be spoken to in. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** How often everything was forgotten. */
  #edition = 0;
  #closed = false;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The connection of that name to a broker; made when first used. */
  lane(node: number, name: string): Lane {
    const address = this.#nodes.get(node);
    if (address === undefined) throw new KafkaError(CODE.COORDINATOR_NOT_AVAILABLE, `broker ${node} is not known`);
    return this.#laneTo(address, name);
  }

  /**
   * Asks the brokers about all topics, or those named; those that do not exist are left out. Who asks at the same time as others
   * shares their request.
   */
  async describe(names?: readonly string[]): Promise<readonly TopicMetadata[]> {
    const topics = names === undefined ? await this.#hear(undefined) : await this.#descriptions.ask('', names);
    for (const topic of topics) {
      if (topic.error !== CODE.INVALID_TOPIC) check(topic.error, `the topic ${topic.name}`);
    }
    return topics;
  }

  /** The same, as heard in the last two seconds. */
  async recent(names: readonly string[]): Promise<readonly TopicMetadata[]> {
    const now = performance.now();
    const old = names.filter((name) => !((this.#topics.get(name)?.at ?? -FRESH_MS) > now - FRESH_MS));
    if (old.length > 0) await this.describe(old);
    return names.flatMap((name) => this.#topics.get(name)?.topic ?? []).filter(({ error }) => error === 0);
  }

  /** As last heard, unless it is unknown. Throws TOPIC_MISSING. */
  async topic(name: string): Promise<TopicMetadata> {
    for (let tries = 1; ; tries++) {
      const known = this.#topics.get(name)?.topic;
      if (known !== undefined && known.error === 0) return known;
      if (tries > MISSING_TRIES || known !== undefined) {
        // It was there: a broker that is behind the others may not know of it yet.
        if (this.shapes.of(name) !== undefined) throw new KafkaError(CODE.UNKNOWN_TOPIC_OR_PARTITION, `topic ${name}`);
        throw new TributaryError('TOPIC_MISSING', `there is no topic ${name} in Kafka; run \`tributary doctor\``);
      }
      if (tries > 1) await sleep(MISSING_PAUSE_MS);
      await this.describe([name]);
    }
  }

  /** As it is now. Throws TOPIC_MISSING. */
  async current(name: string): Promise<TopicMetadata> {
    await this.describe([name]);
    return this.topic(name);
  }

  /** Throws TOPIC_MISSING if the topic does not have the partition. */
  async partition(topic: string, partition: number): Promise<PartitionMetadata> {
    const known = await this.topic(topic);
    // It may have been expanded since.
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
      this.forgetPlaces();
      throw new KafkaError(found.error === 0 ? 5 : found.error, `partition ${partition} of ${topic} has no leader`);
    }
    return found.leader;
  }

  async coordinator(kind: Coordinates, key: string): Promise<number> {
    const known = this.#coordinators.get(`${kind}/${key}`);
    if (known !== undefined && this.#nodes.has(known)) return known;
    return this.#findings.ask(kind, key);
  }

  /** The number of the broker that takes requests to change topics. */
  async controller(): Promise<number> {
    await this.describe([]);
    return this.#controller;
  }

  /** Asks for the topic again and again, for all who want that together, until the answered function is called. */
  watch(topic: string): () => void {
    this.#watched.set(topic, (this.#watched.get(topic) ?? 0) + 1);
    this.#watch ??= setInterval(() => this.#lookAtTopics(), this.settings.metadataMs).unref();
    let watching = true;
    return () => {
      const others = (this.#watched.get(topic) ?? 0) - (watching ? 1 : 0);
      watching = false;
      if (others > 0) this.#watched.set(topic, others);
      else this.#watched.delete(topic);
    };
  }

  /** Forgets who leads and coordinates what: it is asked for again. */
  forgetPlaces(): void {
    this.#edition += 1;
    this.#topics.clear();
    this.#coordinators.clear();
    this.#isStale = true;
  }

  /**
   * Repeats what fails for reasons that pass, until the patience is over. So `attempt` must be something that may be done
   * twice; and it has to look up leaders and coordinators anew each time.
   */
  async persist<T>(attempt: () => Promise<T>, patienceMs = this.settings.patienceMs): Promise<T> {
    const deadline = performance.now() + patienceMs;
    for (let pause = FIRST_PAUSE_MS; ; ) {
      const edition = this.#edition;
      try {
        return await attempt();
      } catch (error) {
        if (!isPassing(error) || performance.now() + pause > deadline) throw error;
        // A transaction that is ending takes a few ms; everything else may be a sign that somebody else is in charge now.
        if (!hasCode(error, CODE.CONCURRENT_TRANSACTIONS, CODE.UNSTABLE_OFFSET_COMMIT)) {
          // What others have asked for since is not what this attempt went by.
          if (edition === this.#edition) this.forgetPlaces();
          pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        }
        await sleep(pause);
      }
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#watch);
    for (const lane of this.#lanes.values()) lane.close();
  }

  /** Gives the connections of that name up. */
  release(name: string): void {
    for (const [id, lane] of this.#lanes) {
      if (!id.endsWith(`/${name}`)) continue;
      lane.close();
      this.#lanes.delete(id);
    }
  }

  #lookAtTopics(): void {
    // It is asked for again; who needs it meanwhile hears what is wrong.
    if (this.#watched.size > 0) this.describe([...this.#watched.keys()]).catch(() => {});
  }

  #laneTo(address: Address, name: string): Lane {
    if (this.#closed) throw new TributaryError('USAGE', 'the connection to Kafka is closed; open it again to use it');
    const id = `${address.host}:${address.port}/${name}`;
    const { clientId, connectMs, requestMs, security } = this.settings;
    const lane = this.#lanes.get(id) ?? new Lane(address, { clientId, connectMs, requestMs, security });
    this.#lanes.set(id, lane);
    return lane;
  }

  #anyNode(): number {
    const nodes = [...this.#nodes.keys()];
    return nodes[Math.floor(Math.random() * nodes.length)] as number;
  }

  async #describeAll(lists: readonly (readonly string[])[]): Promise<(readonly TopicMetadata[])[]> {
    const topics = await this.#hear([...new Set(lists.flat())]);
    return lists.map((names) => topics.filter(({ name }) => names.includes(name)));
  }

  async #hear(names: readonly string[] | undefined): Promise<readonly TopicMetadata[]> {
    const found = await this.#ask(metadata(names));
    this.#nodes = new Map(found.nodes.map(({ id, host, port }) => [id, { host, port }]));
    this.#controller = found.controller;
    this.#isStale = false;
    for (const name of names ?? this.#topics.keys()) this.#topics.delete(name);
    const topics = found.topics.filter(({ error }) => error !== CODE.UNKNOWN_TOPIC_OR_PARTITION);
    const at = performance.now();
    for (const topic of topics) {
      // What a broker says that is behind the others is asked for again when it is needed.
      if (topic.error !== 0 || this.shapes.hear(topic)) this.#topics.set(topic.name, { topic, at });
    }
    return topics;
  }

  async #find(kind: Coordinates, keys: readonly string[]): Promise<(number | Error)[]> {
    if (this.#nodes.size === 0 || this.#isStale) await this.describe([]);
    const asked = [...new Set(keys)];
    const answers = await this.lane(this.#anyNode(), 'main').call(findCoordinators(COORDINATES[kind], asked));
    if (answers.some(({ error, node }) => error === 0 && !this.#nodes.has(node))) await this.describe([]);
    const found = new Map(answers.map((answer) => [answer.key, answer]));
    return keys.map((key) => {
      const answer = found.get(key);
      const what = `looking for the coordinator of the ${kind} ${key}`;
      if (answer === undefined) return new KafkaError(-1, what);
      if (answer.error !== 0) return new KafkaError(answer.error, what);
      this.#coordinators.set(`${kind}/${key}`, answer.node);
      return answer.node;
    });
  }

  /** Of the brokers known, then of those named in the configuration, the first that answers. */
  async #ask(call: ReturnType<typeof metadata>): Promise<Metadata> {
    const known = [...this.#nodes.values()].sort(() => Math.random() - 0.5);
    let failure: unknown;
    const addresses = new Map([...known, ...this.settings.brokers].map((each) => [`${each.host}:${each.port}`, each]));
    for (const address of addresses.values()) {
      try {
        return await this.#laneTo(address, 'main').call(call);
      } catch (error) {
        if (!isPassing(error)) throw error;
        failure = error;
      }
    }
    throw (await this.#reason(failure)) ?? failure;
  }

  /** Why no broker of the configuration can be spoken to, if they run and it is only that we speak otherwise. */
  async #reason(failure: unknown): Promise<TributaryError | undefined> {
    const doing = 'connecting to Kafka';
    const certificate = certificateProblem(failure);
    if (certificate !== undefined) return new TributaryError('ACCESS_REFUSED', `${doing}: ${certificate}`);
    if (NOBODY_THERE.has(String((failure as NodeJS.ErrnoException).code))) return undefined;
    if (performance.now() - this.#lookedAt < LOOK_AGAIN_MS) return undefined;
    this.#lookedAt = performance.now();
    for (const address of this.settings.brokers) {
      const listener = await listenerAt(address);
      const mixUp = listener && mixUpOf(this.settings, address, listener);
      if (mixUp !== undefined) return new TributaryError('CONFIG_INVALID', `${doing}: ${mixUp}`);
    }
    return undefined;
  }
}
