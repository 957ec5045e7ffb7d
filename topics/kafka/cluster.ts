/** The brokers: who leads which partition, who coordinates which group or transaction, and the lanes that lead to them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../schemas/errors.ts';
import { type Metadata, metadata, type PartitionMetadata, type TopicMetadata } from './calls.ts';
import { CODE, check, hasCode, isPassing, KafkaError } from './errors.ts';
import { type Address, Lane } from './lane.ts';
import type { Settings } from './options.ts';

/** What has a coordinator: a consumer group or a transactional id. The numbers are the protocol's. */
export const COORDINATES = { group: 0, transaction: 1 } as const;
export type Coordinates = keyof typeof COORDINATES;

const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 250;
/** Brokers hear of a new topic one after the other: so often a missing one is asked for. */
const MISSING_TRIES = 5;
const MISSING_PAUSE_MS = 40;

export class Cluster {
  readonly settings: Settings;
  readonly #lanes = new Map<string, Lane>();
  readonly #coordinators = new Map<string, number>();
  readonly #topics = new Map<string, TopicMetadata>();
  #nodes: ReadonlyMap<number, Address> = new Map();
  #controller = -1;
  /** Whether something went wrong since the brokers were last asked about themselves. */
  #isStale = false;
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

  /** Asks the brokers about all topics, or those named; those that do not exist are left out. */
  async describe(names?: readonly string[]): Promise<readonly TopicMetadata[]> {
    const found = await this.#ask(metadata(names));
    this.#nodes = new Map(found.nodes.map(({ id, host, port }) => [id, { host, port }]));
    this.#controller = found.controller;
    this.#isStale = false;
    for (const name of names ?? this.#topics.keys()) this.#topics.delete(name);
    const topics = found.topics.filter(({ error }) => error !== CODE.UNKNOWN_TOPIC_OR_PARTITION);
    for (const topic of topics) {
      if (topic.error !== CODE.INVALID_TOPIC) check(topic.error, `the topic ${topic.name}`);
      this.#topics.set(topic.name, topic);
    }
    return topics;
  }

  /** As last heard, unless it is unknown. Throws TOPIC_MISSING. */
  async topic(name: string): Promise<TopicMetadata> {
    for (let tries = 1; ; tries++) {
      const known = this.#topics.get(name);
      if (known !== undefined && known.error === 0) return known;
      if (tries > MISSING_TRIES || known !== undefined) {
        throw new TributaryError('TOPIC_MISSING', `there is no topic ${name} in Kafka; run \`tributary doctor\``);
      }
      if (tries > 1) await sleep(MISSING_PAUSE_MS);
      await this.describe([name]);
    }
  }

  /** Throws TOPIC_MISSING if the topic does not have the partition. */
  async partition(topic: string, partition: number): Promise<PartitionMetadata> {
    let { partitions } = await this.topic(topic);
    if (!partitions.some((each) => each.partition === partition)) {
      // It may have been expanded since.
      await this.describe([topic]);
      ({ partitions } = await this.topic(topic));
    }
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
    const id = `${kind}/${key}`;
    const known = this.#coordinators.get(id);
    if (known !== undefined && this.#nodes.has(known)) return known;
    if (this.#nodes.size === 0 || this.#isStale) await this.describe([]);
    const lane = this.lane(this.#anyNode(), 'main');
    const answer = await lane.ask<{ errorCode: number; coordinator: { nodeId: number } }>('GroupCoordinator', {
      groupId: key,
      coordinatorType: COORDINATES[kind],
    });
    check(answer.errorCode, `looking for the coordinator of the ${kind} ${key}`);
    const { nodeId } = answer.coordinator;
    if (!this.#nodes.has(nodeId)) await this.describe([]);
    this.#coordinators.set(id, nodeId);
    return nodeId;
  }

  /** The number of the broker that takes requests to change topics. */
  async controller(): Promise<number> {
    await this.describe([]);
    return this.#controller;
  }

  /** Forgets who leads and coordinates what: it is asked for again. */
  forgetPlaces(): void {
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
      try {
        return await attempt();
      } catch (error) {
        if (!isPassing(error) || performance.now() + pause > deadline) throw error;
        // A transaction that is ending takes a few ms; everything else may be a sign that somebody else is in charge now.
        if (!hasCode(error, CODE.CONCURRENT_TRANSACTIONS, 88)) {
          this.forgetPlaces();
          pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        }
        await sleep(pause);
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const lane of this.#lanes.values()) lane.close();
  }

  #laneTo(address: Address, name: string): Lane {
    if (this.#closed) throw new TributaryError('USAGE', 'the connection to Kafka is closed; open it again to use it');
    const id = `${address.host}:${address.port}/${name}`;
    const { clientId, connectMs, requestMs, security } = this.settings;
    const lane = this.#lanes.get(id) ?? new Lane(address, { clientId, connectMs, requestMs, security });
    this.#lanes.set(id, lane);
    return lane;
  }

  /** Gives the connections of that name up. */
  release(name: string): void {
    for (const [id, lane] of this.#lanes) {
      if (!id.endsWith(`/${name}`)) continue;
      lane.close();
      this.#lanes.delete(id);
    }
  }

  #anyNode(): number {
    const nodes = [...this.#nodes.keys()];
    return nodes[Math.floor(Math.random() * nodes.length)] as number;
  }

  /** Of the brokers known, then of those named in the configuration, the first that answers. */
  async #ask(call: ReturnType<typeof metadata>): Promise<Metadata> {
    const known = [...this.#nodes.values()].sort(() => Math.random() - 0.5);
    let failure: unknown;
    for (const address of [...known, ...this.settings.brokers]) {
      try {
        return await this.#laneTo(address, 'main').call(call);
      } catch (error) {
        if (!isPassing(error)) throw error;
        failure = error;
      }
    }
    throw failure;
  }
}
