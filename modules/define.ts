/**
 * A module is a named set of topics, jobs, datasources and reports. A platform is the set of modules that an installation runs. Tables,
 * indexes, topics, metrics and the pages of documentation all follow from it.
 *
 * Both are data: no client, no clock, no logger.
 */
import { TributaryError } from '../core/errors.ts';
import type { Job } from '../jobs/define.ts';
import type { Datasource } from '../reports/define-datasource.ts';
import type { Report } from '../reports/define-report.ts';
import type { Topic } from '../topics/define.ts';
import { problemsOf } from './problems.ts';

export interface Module {
  /** Shown by `tributary doctor` and on the pages. */
  readonly name: string;
  readonly topics: readonly Topic[];
  readonly jobs: readonly Job[];
  readonly datasources: readonly Datasource[];
  readonly reports: readonly Report[];
}

export interface Platform {
  readonly modules: readonly Module[];
  /** Those of all modules, in the order of the modules. */
  readonly topics: readonly Topic[];
  readonly jobs: readonly Job[];
  readonly datasources: readonly Datasource[];
  readonly reports: readonly Report[];
}

/**
 * The topics are those that the module declares. Its jobs may also read topics of other modules and emit events to them, but they write no
 * table, index or cache of another module. Its datasources may count events of topics of other modules, and look up rows of their jobs.
 */
export function defineModule(module: Pick<Module, 'name'> & Partial<Module>): Module {
  return Object.freeze({ topics: [], jobs: [], datasources: [], reports: [], ...module });
}

/** Marks a platform, whichever copy or version of this file made it. */
const MADE = Symbol.for('tributary.platform');
const made = new WeakSet<object>();

/** Throws DECLARATION_INVALID with all problems of the modules, one per line. */
export function definePlatform({ modules }: { readonly modules: readonly Module[] }): Platform {
  const problems = problemsOf(modules);
  if (problems.length > 0) {
    const many = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    throw new TributaryError(
      'DECLARATION_INVALID',
      `the platform has ${many}:\n${problems.map((each) => `  ${each}`).join('\n')}`,
    );
  }
  const platform = Object.freeze({
    [MADE]: true,
    modules: [...modules],
    topics: modules.flatMap(({ topics }) => topics),
    jobs: modules.flatMap(({ jobs }) => jobs),
    // A module that was not made by `defineModule` may lack these.
    datasources: modules.flatMap(({ datasources = [] }) => datasources),
    reports: modules.flatMap(({ reports = [] }) => reports),
  });
  made.add(platform);
  return platform;
}

/** `foreign`: made by another copy of Tributary. Its events and errors are different objects, which our runtime would not recognise. */
export function originOf(value: unknown): 'ours' | 'foreign' | 'none' {
  if (typeof value !== 'object' || value === null) return 'none';
  if (made.has(value)) return 'ours';
  return MADE in value ? 'foreign' : 'none';
}
