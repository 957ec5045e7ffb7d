/** The content of the topics, read incrementally: derived events, poison and dead letters. */

import type { EventDef } from '../../core/event.ts';
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import { plain } from '../../testing/dump.ts';
import { deadLetterTopic, type Topic } from '../../topics/define.ts';
import { topics } from '../../topics/index.ts';
import { ROUTED } from '../../topics/log/origin.ts';
import type { LogRecord } from '../../topics/log/transport.ts';
import { POISON } from './poison.ts';

const PAGE = 500;

export class Ledger {
  /** The events that jobs emitted, as text, each as often as a reader without dedupe positions would count it. */
  readonly facts: string[] = [];
  /** Origins that occur more than once in one partition. */
  readonly repeated: string[] = [];
  /** Every poisoned record of the topics, with its name and position. */
  readonly poison: { readonly name: string; readonly position: string }[] = [];
  /** By the position of a poisoned record: the jobs that refused it, each with its error code. */
  readonly deadLetters = new Map<string, string[]>();
  /** Dead letters of records that were not poisoned. */
  readonly strangers: string[] = [];
  readonly #stores: Pick<Stores, 'transport' | 'codec'>;
  readonly #next = new Map<string, number>();
  readonly #origins = new Set<string>();

  constructor(stores: Pick<Stores, 'transport' | 'codec'>) {
    this.#stores = stores;
  }

  async readOn(): Promise<void> {
    for (const topic of topics) {
      await this.#read(topic.name, (records) => this.#take(topic, records));
      await this.#read(deadLetterTopic(topic.name), async (records) => records.forEach((one) => void this.#bury(one)));
    }
  }

  async #read(name: string, take: (records: readonly LogRecord[]) => Promise<void>): Promise<void> {
    const [info] = await this.#stores.transport.describe([name]);
    for (const { partition, begin } of info?.partitions ?? []) {
      const position = `${name}/${partition}`;
      for (;;) {
        const records = await this.#stores.transport.read(name, partition, this.#next.get(position) ?? begin, PAGE);
        const last = records.at(-1);
        if (last === undefined) break;
        await take(records);
        this.#next.set(position, last.offset + 1);
      }
    }
  }

  async #take(topic: Topic, records: readonly LogRecord[]): Promise<void> {
    const { codec } = this.#stores;
    const wanted = new Map<string, EventDef>([...topic.events, ...topic.broadcasts].map((def) => [def.type, def]));
    const derived = records.filter(({ headers, partition, offset }) => {
      const name = headers[POISON];
      if (typeof name === 'string') this.poison.push({ name, position: `${topic.name}/${partition}/${offset}` });
      return name === undefined && headers['ce_origin'] !== undefined;
    });
    await codec.learn(derived, wanted);
    for (const record of derived) {
      const decoded = codec.decode(topic, record, wanted);
      if (decoded.kind === 'rejected') throw new Error(`a derived event is rejected: ${decoded.message}`);
      if (decoded.kind === 'ignored' || decoded.origin === undefined || decoded.origin.line.startsWith(ROUTED))
        continue;
      const { line, offset, index } = decoded.origin;
      const origin = `${topic.name}/${record.partition} ${line}/${offset}/${index}`;
      if (this.#origins.has(origin)) this.repeated.push(origin);
      this.#origins.add(origin);
      const key = record.key === null ? null : Buffer.from(record.key).toString();
      const { type, data } = decoded.event;
      this.facts.push(JSON.stringify(plain([topic.name, key ?? record.partition, type, data])));
    }
  }

  #bury({ headers }: LogRecord): void {
    const header = (name: string): string => String(headers[name]);
    const refusal = `${header(DEAD_LETTER.job)}: ${header(DEAD_LETTER.code)}`;
    const position = [DEAD_LETTER.topic, DEAD_LETTER.partition, DEAD_LETTER.offset].map(header).join('/');
    if (headers[POISON] === undefined) this.strangers.push(`${position} ${refusal}: ${header(DEAD_LETTER.message)}`);
    else this.deadLetters.set(position, [...(this.deadLetters.get(position) ?? []), refusal].sort());
  }

  /** The outcomes of all poisoned records, by name. Records of the same name have the same fate, wherever they are. */
  fates(): Map<string, string[][]> {
    const fates = new Map<string, string[][]>();
    for (const { name, position } of this.poison) {
      fates.set(name, [...(fates.get(name) ?? []), this.deadLetters.get(position) ?? []]);
    }
    return fates;
  }
}
