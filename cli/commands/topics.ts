/** `tributary topics`: what there is, or what one topic carries. */

import { deadLetterTopic, type Topic } from '../../topics/define.ts';
import { topics } from '../../topics/index.ts';
import { type Context, print, printJson, printTable, type Run } from '../context.ts';
import { topicNamed } from '../names.ts';

interface Args {
  readonly topic: string | null;
  readonly json: boolean;
}

export const run: Run<Args> = async (context, { topic, json }) => {
  const described = await describe(context, topic === null ? topics : [topicNamed(topic)]);
  const [one] = described;
  if (json) await printJson(context, topic === null ? described : one);
  else if (topic === null) {
    const rows = described.map(({ name, key, partitions, records, deadLetters, doc }) => [
      name,
      key,
      partitions.length,
      records,
      deadLetters,
      doc,
    ]);
    await printTable(context, ['topic', 'key', 'partitions', 'records', 'dead letters', 'what it is'], rows);
  } else if (one !== undefined) {
    await print(context, `${one.name}: ${one.doc}`);
    await print(
      context,
      `keyed by ${one.key}, kept for ${one.retentionMs / 86_400_000} days, ${one.records.toLocaleString('en')} records\n`,
    );
    await printTable(
      context,
      ['partition', 'begin', 'end'],
      one.partitions.map(({ partition, begin, end }) => [partition, begin, end]),
    );
    await print(context, '');
    await printTable(
      context,
      ['event', 'what it says'],
      one.events.map(({ type, broadcast, doc }) => [type, `${doc}${broadcast ? ' (to every partition)' : ''}`]),
    );
  }
  return undefined;
};

async function describe({ wired }: Context, declared: readonly Topic[]) {
  const infos = new Map((await wired.stores.transport.describe()).map((info) => [info.name, info.partitions]));
  const records = (name: string): number =>
    (infos.get(name) ?? []).reduce((sum, { begin, end }) => sum + end - begin, 0);
  return declared.map((topic) => ({
    name: topic.name,
    doc: topic.doc,
    key: topic.key,
    retentionMs: topic.retentionMs,
    records: records(topic.name),
    deadLetters: records(deadLetterTopic(topic.name)),
    partitions: infos.get(topic.name) ?? [],
    events: [...topic.events, ...topic.broadcasts].map((def) => ({
      type: def.type,
      broadcast: topic.broadcasts.includes(def),
      doc: def.schema.doc ?? '',
    })),
  }));
}
