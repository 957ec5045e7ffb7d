/** The allowed names of a platform's topics, jobs and so on: names that every store accepts, and that no store uses itself. */
import { isReserved } from '../reports/names.ts';

interface Rule {
  readonly form: RegExp;
  /** The rule in words. */
  readonly words: string;
  /** Names, and prefixes and suffixes of names, that are reserved, each with its owner. */
  readonly taken: readonly (readonly [name: RegExp, by: string])[];
}

/** Kafka accepts 249 characters, and the name of the dead letter topic has 12 more than that of its topic. */
const TOPIC: Rule = {
  form: /^(?!\.{1,2}$)[\w.-]{1,237}$/,
  words: 'up to 237 letters, digits, dots, hyphens and underscores',
  taken: [
    [/^__/, 'topics of Kafka itself begin with __'],
    [/^tributary\./, 'topics of the runtime begin with tributary.'],
    [/^demo\.imports$/, 'the demo keeps its position there'],
    [/\.dead-letter$/, 'topics of dead letters end like this'],
  ],
};

/** The name of a job is also a consumer group and a part of origins. */
const JOB: Rule = {
  form: /^[\w.-]{1,249}$/,
  words: 'up to 249 letters, digits, dots, hyphens and underscores',
  taken: [
    [/^routed$/, 'the runtime uses this name when it sends records on'],
    [/^import-demo$/, 'it is the consumer group of the demo'],
    [/^tributary/, 'consumer groups of Tributary itself begin with it'],
  ],
};

/** Cassandra accepts 48 characters; Elasticsearch accepts only lower case. */
const TARGET: Rule = {
  form: /^[a-z][a-z0-9_]{0,47}$/,
  words: 'a small letter, then up to 47 small letters, digits and underscores',
  taken: [
    [/__/, 'stores use two underscores to name what belongs to a table'],
    [/^forgotten_users$/, 'the runtime keeps the forgotten users there'],
    [
      /^(?:cache|declared|log|registry|report|schema|search|sqlite|tables)_/,
      'tables of the stores themselves begin like this: with cache_, declared_, log_, registry_, report_, schema_, search_, sqlite_ and tables_',
    ],
  ],
};

const MODULE: Rule = {
  form: /^[a-z][a-z0-9-]{0,47}$/,
  words: 'a small letter, then up to 47 small letters, digits and hyphens',
  taken: [],
};

/** A datasource is a table in SQL. */
const DATASOURCE: Rule = {
  form: /^[a-z][a-z0-9_]{0,47}$/,
  words: 'a small letter, then up to 47 small letters, digits and underscores',
  taken: [
    [/__/, 'two underscores separate a datasource from what belongs to it'],
    [/^(?:archive|tributary)_/, 'tables of the runtime begin like this'],
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

/** What is wrong with the name; undefined if it is valid. */
export function nameProblem(kind: keyof typeof RULES, name: string): string | undefined {
  const { form, words, taken } = RULES[kind];
  if (typeof name !== 'string' || !form.test(name)) return `its name has to be ${words}`;
  if (kind === 'datasource' && isReserved(name)) return 'it is a reserved word of SQL: choose another name';
  const by = taken.find(([pattern]) => pattern.test(name))?.[1];
  return by === undefined ? undefined : `its name is taken: ${by}; choose another name`;
}
