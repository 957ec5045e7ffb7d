/** Finds all problems of the modules of a platform at once, before anything is opened. */
import { callAnswered, DEFAULT_TENANT, type EventDef, type EventOf, timerFired } from '../core/event.ts';
import { keyFields, type TableDef, type Target } from '../core/target.ts';
import type { Job, Keys, Lookups } from '../jobs/define.ts';
import type { Datasource } from '../reports/define-datasource.ts';
import type { Report } from '../reports/define-report.ts';
import { deadLetterTopic, type Topic } from '../topics/define.ts';
import type { Module } from './define.ts';
import { nameProblem } from './names.ts';

/** A topic, a job, a datasource or a report, and the module that has it. */
interface Of<T> {
  readonly module: string;
  readonly it: T;
}

export function problemsOf(modules: readonly Module[]): string[] {
  const wrong = shapeProblems(modules);
  // A value without the shape of a module cannot be checked further.
  if (wrong.length > 0) return wrong;
  const topics = modules.flatMap(({ name, topics }) => topics.map((it) => ({ module: name, it })));
  const jobs = modules.flatMap(({ name, jobs }) => jobs.map((it) => ({ module: name, it })));
  const datasources = modules.flatMap(({ name, datasources = [] }) => datasources.map((it) => ({ module: name, it })));
  const reports = modules.flatMap(({ name, reports = [] }) => reports.map((it) => ({ module: name, it })));
  return [
    ...moduleProblems(modules),
    ...topics.flatMap(topicProblems),
    ...topicCollisions(topics),
    ...jobs.flatMap(({ module, it }) => named('job', it.name, module)),
    ...collisions('job', jobs, 'which are consumer groups, too'),
    ...targetProblems(jobs),
    ...jobs.flatMap((job) => [...connectionProblems(job, topics), ...lookupProblems(job, jobs)]),
    ...datasources.flatMap(({ module, it }) => named('datasource', it.name, module)),
    ...collisions('datasource', datasources),
    ...datasources.flatMap((datasource) => datasourceProblems(datasource, topics, jobs)),
    ...collisions('report', reports),
    ...reports.flatMap((report) => reportProblems(report, datasources, jobs)),
  ];
}

// ---- shapes: a JavaScript file may pass anything ----

function shapeProblems(modules: unknown): string[] {
  if (!Array.isArray(modules)) return ['modules is not a list: give { modules: [learning, …] }'];
  return modules.flatMap((module: unknown, i) => {
    const {
      name,
      topics,
      jobs,
      datasources = [],
      reports = [],
    } = (module ?? {}) as Partial<Record<keyof Module, unknown>>;
    if (typeof name !== 'string' || ![topics, jobs, datasources, reports].every(Array.isArray))
      return [`modules[${i}] is ${nothingOr(module, 'no module')}: make it with defineModule({ name, topics, jobs })`];
    const lists = { topics, jobs, datasources, reports } as Readonly<Record<string, readonly unknown[]>>;
    return SHAPES.flatMap(({ list, kind, isOne, maker }) =>
      (lists[list] ?? []).flatMap((each, n) =>
        isOne(each) ? [] : [`${list}[${n}] of the module ${name} is ${nothingOr(each, `no ${kind}`)}: use ${maker}`],
      ),
    );
  });
}

const SHAPES = [
  { list: 'topics', kind: 'topic', isOne: isTopic, maker: 'defineTopic' },
  { list: 'jobs', kind: 'job', isOne: isJob, maker: 'defineJob' },
  { list: 'datasources', kind: 'datasource', isOne: isDatasource, maker: 'defineDatasource' },
  { list: 'reports', kind: 'report', isOne: isReport, maker: 'defineReport' },
] as const;

const nothingOr = (value: unknown, otherwise: string): string =>
  value === undefined ? 'undefined (is it exported, or do imports form a circle?)' : otherwise;

function isTopic(value: unknown): boolean {
  const { name, key, events, broadcasts } = (value ?? {}) as Partial<Topic>;
  return typeof name === 'string' && typeof key === 'string' && Array.isArray(events) && Array.isArray(broadcasts);
}

function isJob(value: unknown): boolean {
  const { name, from, row, fold, to, views } = (value ?? {}) as Partial<Job>;
  const parts = [name, from?.name, row?.name].every((each) => typeof each === 'string');
  return parts && typeof fold === 'object' && Array.isArray(to) && Array.isArray(views);
}

function isDatasource(value: unknown): boolean {
  const { name, from, on, dimensions, metrics } = (value ?? {}) as Partial<Datasource>;
  return typeof name === 'string' && typeof from?.name === 'string' && [on, dimensions, metrics].every(Array.isArray);
}

function isReport(value: unknown): boolean {
  const { name, columns, parameters, from } = (value ?? {}) as Partial<Report>;
  const objects = [parameters, from].every((each) => typeof each === 'object' && each !== null);
  return typeof name === 'string' && Array.isArray(columns) && objects;
}

// ---- names ----

function named(kind: Parameters<typeof nameProblem>[0], name: string, module: string): string[] {
  const problem = nameProblem(kind, name);
  return problem === undefined ? [] : [`the ${kind} ${name} of the module ${module}: ${problem}`];
}

function moduleProblems(modules: readonly Module[]): string[] {
  const names = modules.map(({ name }) => name);
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
  return [
    ...[...new Set(names)].flatMap((name) => {
      const problem = nameProblem('module', name);
      return problem === undefined ? [] : [`the module ${name}: ${problem}`];
    }),
    ...[...twice].map((name) => `two modules are named ${name}: give each once, under a name of its own`),
    ...(modules.length === 0 ? ['it has no module: give at least one'] : []),
  ];
}

function topicProblems({ module, it }: Of<Topic>): string[] {
  const types = [...it.events, ...it.broadcasts].map(({ type }) => type);
  const twice = new Set(types.filter((type, i) => types.indexOf(type) !== i));
  const ours = [timerFired.type, callAnswered.type].filter((type) => types.includes(type));
  return [
    ...named('topic', it.name, module),
    ...[...twice].map((type) => `the topic ${it.name} of the module ${module} has two events of the type ${type}`),
    ...ours.map(
      (type) => `the topic ${it.name} of the module ${module} declares ${type}, which the runtime alone emits`,
    ),
  ];
}

/** Kafka does not distinguish dots from underscores in the names of metrics, and refuses a topic whose name differs only in these. */
function topicCollisions(topics: readonly Of<Topic>[]): string[] {
  const likeKafka = (name: string): string => name.replaceAll('.', '_');
  const near = topics.flatMap((one, i) =>
    topics.slice(0, i).flatMap((other) => {
      const [a, b] = [other.it.name, one.it.name];
      const isNear = likeKafka(a) === likeKafka(b) || likeKafka(deadLetterTopic(a)) === likeKafka(b);
      return a !== b && isNear
        ? [`the topics ${a} and ${b} differ only in dots and underscores: Kafka takes only one of them`]
        : [];
    }),
  );
  return [...collisions('topic', topics), ...near];
}

/** Things of one kind that share a name, or are listed twice. */
function collisions(kind: string, things: readonly Of<{ readonly name: string }>[], which = ''): string[] {
  const byName = Map.groupBy(things, ({ it }) => it.name);
  return [...byName].flatMap(([name, all]) => {
    if (all.length < 2) return [];
    const modules = listed([...new Set(all.map(({ module }) => module))]);
    const isOne = new Set(all.map(({ it }) => it)).size === 1;
    if (isOne)
      return [`the ${kind} ${name} is listed ${all.length} times, in ${modules}: it belongs to one module, once`];
    return [
      `${all.length} ${kind}s${which === '' ? '' : `, ${which},`} are named ${name}, in ${modules}: give each its own name`,
    ];
  });
}

const listed = (names: readonly string[]): string =>
  names.length === 1 ? `the module ${names[0]}` : `the modules ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

// ---- what jobs write ----

const who = ({ module, it }: Of<Job>): string => `the job ${it.name} of the module ${module}`;

function targetProblems(jobs: readonly Of<Job>[]): string[] {
  const problems: string[] = [];
  const owners = new Map<Target, Of<Job>>();
  const writers = new Map<Target, Of<Job>>();
  for (const job of jobs) {
    const owner = owners.get(job.it.row);
    if (owner === undefined) owners.set(job.it.row, job);
    else if (owner.it !== job.it)
      problems.push(
        `the table ${job.it.row.name} has the rows of ${who(owner)}, and ${who(job)} keeps its own there: one job alone writes a row; give each a table`,
      );
  }
  for (const job of jobs) {
    for (const into of new Set(job.it.views.map((view) => view.into))) {
      const owner = owners.get(into);
      if (owner !== undefined)
        problems.push(
          `${who(job)} has a view in the table ${into.name}, where the rows of ${who(owner)} are: give the view a table of its own`,
        );
      const writer = writers.get(into);
      if (writer === undefined) writers.set(into, job);
      else if (writer.it !== job.it)
        problems.push(
          `the ${into.kind} ${into.name} has views of ${who(writer)} and of ${who(job)}: one job alone writes a view; give each its own`,
        );
    }
  }
  return [...problems, ...targetNames(jobs, new Map([...writers, ...owners]))];
}

/** `show` and the pages find tables, indexes, caches and jobs by their names alone. */
function targetNames(jobs: readonly Of<Job>[], targets: ReadonlyMap<Target, Of<Job>>): string[] {
  const problems = [...targets].flatMap(([{ kind, name }, { module }]) => named(kind, name, module));
  for (const [name, all] of Map.groupBy(targets, ([target]) => target.name)) {
    const whose = all.map(([{ kind }, job]) => `${kind === 'index' ? 'an index' : `a ${kind}`} of ${who(job)}`);
    if (all.length > 1) problems.push(`${whose.join(' and ')} are all named ${name}: give each its own name`);
    const job = jobs.find(({ it }) => it.name === name && all.some(([target]) => target !== it.row));
    if (job !== undefined) problems.push(`${whose.join(' and ')} is named as ${who(job)}: rename one of them`);
  }
  return problems;
}

// ---- what jobs and datasources need from each other ----

function connectionProblems(job: Of<Job>, topics: readonly Of<Topic>[]): string[] {
  const emitted = [...new Set(job.it.to)].flatMap((topic) => missing(topic, `${who(job)} emits to`, topics));
  return [...missing(job.it.from, `${who(job)} reads`, topics), ...emitted];
}

function missing(topic: Topic, does: string, topics: readonly Of<Topic>[]): string[] {
  if (topics.some(({ it }) => it === topic)) return [];
  const other = topics.find(({ it }) => it.name === topic.name);
  if (other !== undefined)
    return [
      `${does} a topic ${topic.name} that is not the one of the module ${other.module}: import that one instead of declaring it again`,
    ];
  return [`${does} the topic ${topic.name}, which no module has: add it to the topics of a module`];
}

function datasourceProblems(datasource: Of<Datasource>, topics: readonly Of<Topic>[], jobs: readonly Of<Job>[]) {
  const { it, module } = datasource;
  const whose = `the datasource ${it.name} of the module ${module}`;
  const tables = new Set(it.on.flatMap((def) => [...tablesIn(attempt(() => it.lookups?.(exampleOf(def))))]));
  return [...missing(it.from, `${whose} counts events of`, topics), ...notKept(tables, whose, jobs)];
}

function reportProblems({ it, module }: Of<Report>, datasources: readonly Of<Datasource>[], jobs: readonly Of<Job>[]) {
  const whose = `the report ${it.name} of the module ${module}`;
  const { from } = it;
  if ('sql' in from) {
    return from.reads.flatMap(({ name }) =>
      datasources.some((each) => each.it.name === name)
        ? []
        : [`${whose} queries the datasource ${name}, which no module has: add the module that does`],
    );
  }
  return from.reads.flatMap((table) =>
    jobs.some(({ it: job }) => job.row === table || job.views.some(({ into }) => into === table))
      ? []
      : [`${whose} reads the table ${table.name}, which no job keeps: add the module of the job that does`],
  );
}

const lookupProblems = (job: Of<Job>, jobs: readonly Of<Job>[]): string[] => notKept(lookedUp(job.it), who(job), jobs);

function notKept(tables: ReadonlySet<TableDef>, who: string, jobs: readonly Of<Job>[]): string[] {
  return [...tables].flatMap((table) =>
    jobs.some(({ it }) => it.row === table)
      ? []
      : [`${who} looks up the table ${table.name}, in which no job keeps rows: add the module of the job that does`],
  );
}

/**
 * The tables that the job looks up for the examples of its events. Tables that it looks up only for other events are unknown until such
 * events arrive.
 */
function lookedUp({ lookups, key, on, row }: Job): Set<TableDef> {
  const tables = new Set<TableDef>();
  if (lookups === undefined) return tables;
  const someKey = Object.fromEntries(keyFields(row).map((name) => [name, 'example']));
  for (const def of on) {
    const event = exampleOf(def);
    const isOwn = def === timerFired || def === callAnswered;
    const keys = (isOwn ? undefined : attempt(() => keysIn(key(event)))) ?? [someKey];
    for (const each of keys) for (const table of tablesIn(attempt(() => lookups(each, event)))) tables.add(table);
  }
  return tables;
}

function tablesIn(lookups: Lookups | undefined): Set<TableDef> {
  return new Set(Object.values(lookups ?? {}).flatMap((lookup) => (lookup?.table === undefined ? [] : [lookup.table])));
}

function exampleOf({ type, example }: EventDef): EventOf<EventDef> {
  const envelope = { id: 'example', source: 'example', time: 0, loggedAt: 0, tenant: DEFAULT_TENANT };
  return { ...envelope, type, data: example };
}

/** Undefined if the rows would have to be searched for. */
function keysIn(keys: Keys<TableDef>): readonly Readonly<Record<string, string>>[] | undefined {
  if (keys === undefined) return [];
  if (Array.isArray(keys)) return keys as readonly Readonly<Record<string, string>>[];
  return 'every' in keys || 'where' in keys ? undefined : [keys as Readonly<Record<string, string>>];
}

/** An example lacks some fields of a decoded event, so an error for it means nothing. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
