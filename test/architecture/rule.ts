/** The shape of an import rule, and lists that several rules share. */
import { jobs } from '../../jobs/index.ts';

export interface Rule {
  /** The files that the rule applies to. The first rule that matches a file counts. */
  readonly files: readonly string[];
  /** The files of this project that they may import. */
  readonly ours: readonly string[];
  /** The packages and Node modules that they may import. `*` matches any part of a name. */
  readonly libraries: readonly string[];
  readonly why: string;
}

export const JOB_FILES = jobs.map(({ name }) => `jobs/${name}/${name}.ts`);
export const JOB_FOLDERS = jobs.map(({ name }) => `jobs/${name}/*`);
export const PORTS = ['sinks/port.ts', 'sinks/*/port.ts', 'sinks/requests/schedule.ts'];
export const DECLARATIONS = ['topics/index.ts', 'topics/define.ts'];
/** Excludes the lists of topics, jobs, datasources and reports. All others are given a platform. */
export const LISTS = ['!topics/index.ts', '!jobs/index.ts', '!reports/datasources/*', '!reports/definitions/*'];
/** The definition of a topic, and the ports that read and write it. */
export const LOG = ['topics/define.ts', 'topics/codec/*', 'topics/log/*'];

/** Node's hashes: as pure as the alternatives, and ten times as fast. */
export const HASHES = ['node:crypto'];

/** Libraries that compute and have no effects. */
export const PURE_LIBRARIES = ['luxon', 'windows-iana', '@noble/hashes/sha2.js'];
