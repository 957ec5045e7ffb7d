/** `docs/events.md`: every topic and every event, for those who produce them. */

import { callAnswered, type EventDef, timerFired } from '../core/event.ts';
import type { Job } from '../jobs/define.ts';
import type { Platform } from '../modules/define.ts';
import type { Topic } from '../topics/define.ts';
import { anchor, code, codes, fieldTables, table } from './markdown.ts';

const DAY = 24 * 60 * 60 * 1000;

/** `madeBy` is the command that writes the page. */
export function eventsPage(platform: Platform, madeBy: string): string {
  const { topics } = platform;
  const parts = [
    head(madeBy),
    contents(topics),
    ...topics.map((topic) => topicSection(topic, platform.jobs)),
    RUNTIME,
    ...[timerFired, callAnswered].map((def) => told(def, platform.jobs)),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The event as one line that a structured-mode record can have for its value. */
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

This page is generated from the declarations of topics and events by \`${madeBy}\`.

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
    [
      '`id`',
      'yes',
      'Unique within its source: the same id of the same source again is the same event told twice. At most 4096 characters.',
    ],
    ['`source`', 'yes', 'Who says it.'],
    ['`type`', 'yes', 'What happened: one of the types below.'],
    ['`time`', 'no', 'When it happened, as in RFC 3339. Without it, the time of the record. See below.'],
    ['`tenant`', 'no', 'Whose learners these are. Without it, `default`.'],
  ],
)}

The key of the record is the value of the field named as the key of its topic, in UTF-8; partitioned as the Java client of
Kafka does, or else the record is sent on to its partition. All three forms are held to the same schema: a field without a
default must be there, and a field that the schema does not have is ignored. A field whose name ends in \`Id\` is a text of 1
to 512 characters, and a number is within its bounds. What does not fit goes to the topic's dead letters (\`<topic>.dead-letter\`) with the reason; where
the description of an event says so, it is left out and the rest is taken.

**Time.** Say when it happened, not when it was sent: late, repeated and reordered events are told apart by that. A time more than
a minute after the record's own is not believed, and that minute counts instead; \`tributary doctor\` names the senders. A time before
1971 is refused: seconds were taken for milliseconds, or a clock was never set. A record that is sent on or replayed keeps the time of
its event.

**Identity.** An event is its source and its id: what two sources call by one id are two events.

**Types.** A type that is not below is skipped and counted as \`undeclared\`, and the log of the workers and \`tributary doctor\` name
it; with \`undeclaredTypes=dead-letter\` it is a dead letter.

To try an example, give its line to \`tributary produce\`: \`echo '…' | npx tributary produce <topic>\`.`;

const RUNTIME = `## Said by Tributary to its own rows

These are on the topic of the job that asked for them, keyed like its other events. Nobody else says them.`;

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
  const sayers = jobs.filter(({ to }) => to.includes(topic)).map((job) => job.name);
  const facts = table(
    ['Key', 'Partitions', 'Kept for', 'Read by', 'Jobs that say something here'],
    [
      [
        code(key),
        String(partitions),
        `${retentionMs / DAY} days`,
        codes(jobs.filter(({ from }) => from === topic).map((job) => job.name)) || 'no job yet',
        codes(sayers) || 'none: all of it comes from the platform',
      ],
    ],
  );
  return [`## ${name}`, doc, facts, ...eventsOf(topic).map((def) => eventSection(topic, def, jobs))].join('\n\n');
}

function eventSection(topic: Topic, def: EventDef, jobs: readonly Job[]): string {
  const readers = jobs.filter(({ from, on }) => from === topic && on.includes(def)).map((job) => job.name);
  const notes = [
    topic.broadcasts.includes(def) ? 'A broadcast: without a key, one record in every partition.' : '',
    readers.length > 0 ? `Folded by ${codes(readers)}.` : 'No job folds it yet: it is skipped, not refused.',
  ];
  return [
    `### ${def.type}`,
    def.schema.doc ?? '',
    notes.filter((note) => note !== '').join(' '),
    fieldTables(def.schema, { defaults: true }),
    `\`\`\`json\n${exampleLine(def)}\n\`\`\``,
  ].join('\n\n');
}

function told(def: EventDef, jobs: readonly Job[]): string {
  const readers = jobs.filter(({ on }) => on.includes(def)).map((job) => job.name);
  const told = readers.length > 0 ? `Folded by ${codes(readers)}.` : 'No job folds it yet.';
  return [`### ${def.type}`, def.schema.doc ?? '', told, fieldTables(def.schema, { defaults: true })].join('\n\n');
}
