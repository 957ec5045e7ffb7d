/** `docs/events.md`, for producers: every topic and every event. */

import { callAnswered, type EventDef, timerFired } from '../core/event.ts';
import type { Job } from '../jobs/define.ts';
import type { Platform } from '../modules/define.ts';
import type { Topic } from '../topics/define.ts';
import { anchor, code, codes, fieldTables, table } from './markdown.ts';
import { overHttp, PARTITIONERS, producing } from './producing.ts';

const DAY = 24 * 60 * 60 * 1000;

/** `madeBy` is the command that writes the page. */
export function eventsPage({ topics, jobs }: Platform, madeBy: string): string {
  const parts = [
    head(madeBy),
    producer(topics, jobs),
    '## Topics and events',
    contents(topics),
    ...topics.map((topic) => topicSection(topic, jobs)),
    RUNTIME,
    ...[timerFired, callAnswered].map((def) => internalSection(def, jobs)),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The event as one line that can be the value of a record in structured mode. */
function exampleLine(def: EventDef): string {
  return JSON.stringify({
    specversion: '1.0',
    id: `example-${def.type}`,
    source: '/platform',
    type: def.type,
    time: '2026-02-01T10:00:00Z',
    data: def.example,
  });
}

const head = (madeBy: string): string => `# Events

This page is generated from the declarations of topics and events by \`${madeBy}\`. It is for developers of services that produce events.

To try an event, pipe its example to \`tributary produce\`: \`echo '…' | npx tributary produce <topic>\`.

## Form

An event is a [CloudEvent](https://cloudevents.io) 1.0 in a record of its topic. There are three ways to write one:

${table(
  ['Form', '`content-type` header', 'Attributes', 'Value'],
  [
    ['structured', '`application/cloudevents+json`', 'in the value', 'one JSON object, such as the examples below'],
    ['binary, JSON', '`application/json`', 'headers named `ce_…`', 'the data alone, as JSON'],
    [
      'binary, Avro',
      '`application/avro`',
      'headers named `ce_…`',
      'the data alone, in the Confluent wire format: a zero byte, the schema id in four bytes, the Avro body',
    ],
  ],
)}

${table(
  ['Attribute', 'Needed', 'Meaning'],
  [
    ['`specversion`', 'yes', '`1.0`'],
    ['`id`', 'yes', 'Unique within its source, and the same when the event is sent again. At most 4096 characters.'],
    ['`source`', 'yes', 'The service that produces it.'],
    ['`type`', 'yes', 'What happened: one of the types below.'],
    ['`time`', 'no', 'When it happened, as in RFC 3339. Without it, the time of the record. See below.'],
    ['`tenant`', 'no', 'Whose learners these are. Without it, `default`.'],
  ],
)}

All three forms are checked against the same schema. A field without a default is required; a field that the schema does not have is
ignored. A field whose name ends in \`Id\` must be a text of 1 to 512 characters, and a number must be within its bounds. An event that does
not fit becomes a dead letter, in \`<topic>.dead-letter\`, with the reason. Where the description of an event says so, only the part that
does not fit is left out.

**Time.** Say when the event happened, not when it was sent. Jobs sort out late, repeated and reordered events by their times. If a time
is more than a minute after that of the record, the event gets the time of the record plus one minute instead, and \`tributary doctor\`
names the sender. A time before 1971 is refused: either seconds were taken for milliseconds, or a clock was never set. A record that is sent on
or replayed keeps the time of its event.

**Identity.** An event is identified by its source and its id. The same id from two sources means two events.

**Types.** An event of a type that is not listed below is skipped and counted as \`undeclared\`; the log of the workers and
\`tributary doctor\` name the type. With \`undeclaredTypes=dead-letter\`, it becomes a dead letter.

**For clients.** \`tributary topics export --out <folder>\` writes all of this as one AsyncAPI 3.0 document, and a JSON Schema for the data of each event.

## Key and partitioner

The key of a record is the value of the field that is the key of its topic, in UTF-8. Choose the partition as Kafka's Java client does:
murmur2 of the bytes of the key.

${table(['Client', 'Partitioner'], PARTITIONERS)}

A record in the wrong partition is not lost. The job sends it on to the right one, but this costs a second record, and events of one key
may overtake each other on the way.`;

/** The event that most readers know, or else the first one that a job folds. */
function producer(topics: readonly Topic[], jobs: readonly Job[]): string {
  const all = topics.flatMap((topic) => topic.events.map((def) => ({ topic, def })));
  const folded = all.filter(({ topic, def }) => jobs.some(({ from, on }) => from === topic && on.includes(def)));
  const shown = folded.find(({ def }) => def.type === 'enrollment.enrolled') ?? folded[0] ?? all[0];
  if (shown === undefined) return '';
  const text = 'Each of these produces one event in the structured form.';
  const line = exampleLine(shown.def);
  return ['## Producing', text, producing(shown.topic, line), overHttp(shown.topic, line)].join('\n\n');
}

const RUNTIME = `## Emitted by Tributary to its own rows

These are on the topic of the job that asked for them, keyed like its other events. Only Tributary produces them.`;

function contents(topics: readonly Topic[]): string {
  const lines = topics.flatMap((topic) => [
    `- [${topic.name}](#${anchor(topic.name)})`,
    ...eventsOf(topic).map((def) => `  - [${def.type}](#${anchor(def.type)})`),
  ]);
  return lines.join('\n');
}

const eventsOf = (topic: Topic): EventDef[] => [...topic.events, ...topic.broadcasts];

function topicSection(topic: Topic, jobs: readonly Job[]): string {
  const { name, doc, key, partitions, retentionMs } = topic;
  const emitters = jobs.filter(({ to }) => to.includes(topic)).map((job) => job.name);
  const facts = table(
    ['Key', 'Partitions', 'Kept for', 'Read by', 'Jobs that emit to it'],
    [
      [
        code(key),
        String(partitions),
        `${retentionMs / DAY} days`,
        codes(jobs.filter(({ from }) => from === topic).map((job) => job.name)) || 'no job yet',
        codes(emitters) ||
          (topic.ofRuntime ? 'the runtime, for every job' : 'none: platform services produce all of it'),
      ],
    ],
  );
  return [`## ${name}`, doc, facts, ...eventsOf(topic).map((def) => eventSection(topic, def, jobs))].join('\n\n');
}

function eventSection(topic: Topic, def: EventDef, jobs: readonly Job[]): string {
  const readers = jobs.filter(({ from, on }) => from === topic && on.includes(def)).map((job) => job.name);
  const notes = [
    topic.broadcasts.includes(def) ? 'A broadcast: without a key, one record in every partition.' : '',
    topic.ofRuntime ? 'Only the runtime emits it.' : '',
    readers.length > 0
      ? `Folded by ${codes(readers)}.`
      : topic.ofRuntime
        ? ''
        : 'No job folds it yet: it is skipped, not refused.',
  ];
  return [
    `### ${def.type}`,
    def.schema.doc ?? '',
    notes.filter((note) => note !== '').join(' '),
    fieldTables(def.schema, { defaults: true }),
    `\`\`\`json\n${exampleLine(def)}\n\`\`\``,
  ].join('\n\n');
}

function internalSection(def: EventDef, jobs: readonly Job[]): string {
  const readers = jobs.filter(({ on }) => on.includes(def)).map((job) => job.name);
  const folded = readers.length > 0 ? `Folded by ${codes(readers)}.` : 'No job folds it yet.';
  return [`### ${def.type}`, def.schema.doc ?? '', folded, fieldTables(def.schema, { defaults: true })].join('\n\n');
}
