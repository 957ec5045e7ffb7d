/** Which names the things of a platform may have: those that every store takes, and that no store uses for itself. */
import { isReserved } from '../reports/names.ts';

interface Rule {
  readonly form: RegExp;
  /** The form in words. */
  readonly words: string;
  /** Names that are taken, and beginnings and endings of names that are; each with what has it. */
  readonly taken: readonly (readonly [name: RegExp, by: string])[];
}

/** Kafka takes 249 characters, and the topic of the dead letters has 12 more than its topic. */
const TOPIC: Rule = {
  form: /^(?!\.{1,2}$)[\w.-]{1,237}$/,
  words: 'up to 237 letters, digits, dots, hyphens and underscores',
  taken: [
    [/^__/, 'topics of Kafka itself begin with __'],
    [/^tributary\./, 'topics of the runtime begin with tributary.'],
    [/^demo\.imports$/, 'the demo keeps its position there'],
    [/\.dead-letter$/, 'topics of dead letters end so'],
  ],
};

/** A job is a consumer group and a part of origins, too. */
const JOB: Rule = {
  form: /^[\w.-]{1,249}$/,
  words: 'up to 249 letters, digits, dots, hyphens and underscores',
  taken: [
    [/^routed$/, 'the runtime is named so where it sends records on'],
    [/^import-demo$/, 'it is the consumer group of the demo'],
    [/^tributary/, 'consumer groups of Tributary itself begin with it'],
  ],
};

/** Cassandra takes 48 characters; Elasticsearch takes small letters alone. */
const TARGET: Rule = {
  form: /^[a-z][a-z0-9_]{0,47}$/,
  words: 'a small letter, then up to 47 small letters, digits and underscores',
  taken: [
    [/__/, 'a store names what belongs to a table with two underscores'],
    [
      /^(?:cache|declared|log|registry|report|schema|search|sqlite|tables)_/,
      'tables of the stores themselves begin so, as do cache_, declared_, log_, registry_, report_, schema_, search_, sqlite_ and tables_',
    ],
  ],
};

const MODULE: Rule = {
  form: /^[a-z][a-z0-9-]{0,47}$/,
  words: 'a small letter, then up to 47 small letters, digits and hyphens',
  taken: [],
};

/** It is a table of SQL. */
const DATASOURCE: Rule = {
  form: /^[a-z][a-z0-9_]{0,47}$/,
  words: 'a small letter, then up to 47 small letters, digits and underscores',
  taken: [
    [/__/, 'two underscores stand between a datasource and what belongs to it'],
    [/^(?:archive|tributary)_/, 'tables of the runtime begin so'],
  ],
};

const RULES = {
  topic: TOPIC,
  job: JOB,
  table: TARGET,
  index: TARGET,
  cache: TARGET,
  module: MODULE,
  datasource: DATASOURCE,
} as const;

/** What is wrong with the name; undefined if it can be had. */
export function nameProblem(kind: keyof typeof RULES, name: string): string | undefined {
  const { form, words, taken } = RULES[kind];
  if (typeof name !== 'string' || !form.test(name)) return `its name has to be ${words}`;
  if (kind === 'datasource' && isReserved(name)) return 'it is a word of SQL: name it otherwise';
  const by = taken.find(([pattern]) => pattern.test(name))?.[1];
  return by === undefined ? undefined : `its name is taken: ${by}; name it otherwise`;
}
