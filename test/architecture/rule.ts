/** A rule of who may import whom, and lists that several rules have. */
import { jobs } from '../../jobs/index.ts';

export interface Rule {
  /** The files it applies to. The first rule that names a file counts. */
  readonly files: readonly string[];
  /** Which of our files they may import. */
  readonly ours: readonly string[];
  /** Which packages and modules of Node; `*` stands for any part of a name. */
  readonly libraries: readonly string[];
  readonly why: string;
}

export const JOB_FILES = jobs.map(({ name }) => `jobs/${name}/${name}.ts`);
export const JOB_FOLDERS = jobs.map(({ name }) => `jobs/${name}/*`);
export const PORTS = ['sinks/port.ts', 'sinks/*/port.ts', 'sinks/requests/schedule.ts'];
export const DECLARATIONS = ['topics/index.ts', 'topics/define.ts'];
/** The lists of topics, jobs, datasources and reports: everybody else is handed a platform. */
export const LISTS = ['!topics/index.ts', '!jobs/index.ts', '!reports/datasources/*', '!reports/definitions/*'];
/** What a topic is, and the ports by which it is read and written. */
export const LOG = ['topics/define.ts', 'topics/codec/*', 'topics/log/*'];

/** The hash of Node: as pure as the others, and ten times as fast. */
export const HASHES = ['node:crypto'];

/** What computes and has no effects. */
export const PURE_LIBRARIES = ['luxon', 'windows-iana', '@noble/hashes/sha2.js'];
