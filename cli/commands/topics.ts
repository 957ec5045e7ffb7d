/** `tributary topics`: lists the topics, or the events of one. */

import { topicNamed } from '../../app/platform/names.ts';
import { deadLetterTopic, type Topic } from '../../topics/define.ts';
import { type Context, print, printTable, type Run } from '../context.ts';
import { paintOf } from '../output/colors.ts';
import { type Form, printListing } from '../output/listing.ts';

interface Args extends Form {
  readonly topic: string | null;
}

export const run: Run<Args> = async (context, { topic, ...form }) => {
  const { topics } = context.wired.platform;
  const described = await describe(context, topic === null ? topics : [topicNamed(topic, topics)]);
  const [one] = described;
  if (topic === null) {
    const rows = described.map(({ name, key, partitions, records, deadLetters, doc }) => {
      return [name, key, partitions.length, records, deadLetters, doc];
    });
    const head = ['topic', 'key', 'partitions', 'records', 'dead letters', 'what it is'];
    const style = (row: number) => ((described[row]?.deadLetters ?? 0) > 0 ? 'yellow' : undefined);
    await printListing(context, form, { head, rows, json: described, style });
  } else if (one !== undefined && (form.json || form.csv === true)) {
    const rows = one.events.map(({ type, broadcast, doc }) => [type, broadcast, doc]);
    await printListing(context, form, { head: ['event', 'to every partition', 'what it says'], rows, json: one });
  } else if (one !== undefined) {
    const paint = paintOf(form.colors === true);
    const head = (line: string, row: number | undefined) => (row === undefined ? paint('bold', line) : line);
    await print(context, `${one.name}: ${one.doc}`);
    await print(
      context,
      `keyed by ${one.key}, kept for ${one.retentionMs / 86_400_000} days, ${one.records.toLocaleString('en')} records\n`,
    );
    await printTable(
      context,
      ['partition', 'begin', 'end'],
      one.partitions.map(({ partition, begin, end }) => [partition, begin, end]),
      head,
    );
    await print(context, '');
    await printTable(
      context,
      ['event', 'what it says'],
      one.events.map(({ type, broadcast, doc }) => [type, `${doc}${broadcast ? ' (to every partition)' : ''}`]),
      head,
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
