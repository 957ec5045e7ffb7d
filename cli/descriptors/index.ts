/** All commands, in the order of the help. */
import type { Command } from '../descriptor.ts';
import * as beginning from './beginning.ts';
import * as completing from './completing.ts';
import * as deadLetters from './dead-letters.ts';
import * as offsets from './offsets.ts';
import * as operating from './operating.ts';
import { pause, resume } from './pausing.ts';
import { query, summarize } from './querying.ts';
import * as reading from './reading.ts';
import { rebuild } from './rebuilding.ts';
import * as reports from './reports.ts';
import * as rollups from './rollups.ts';
import * as running from './running.ts';
import * as serving from './serving.ts';

/** Words that are not commands, but only the first word of some. */
export const GROUPS: Readonly<Record<string, string>> = {
  'dead-letters': 'Records that no fold could apply.',
  report: 'Reports that analysts request as files.',
  'report schedule': 'Reports that run on a schedule.',
  key: 'API keys for programs that call the HTTP service.',
  rollup: 'The tables of the datasources.',
  archive: 'The events of the topics, kept as tables.',
  offsets: 'The committed offsets of the jobs.',
};

const DECLARED = [
  running.demo,
  running.importDemo,
  beginning.init,
  running.up,
  running.run,
  reading.produce,
  reading.producePiece,
  reading.load,
  reading.tail,
  reading.show,
  reading.inspect,
  reading.search,
  query,
  summarize,
  deadLetters.list,
  deadLetters.show,
  deadLetters.replay,
  deadLetters.edit,
  deadLetters.discard,
  operating.topics,
  operating.verifyTopics,
  operating.applyTopics,
  operating.exportTopics,
  operating.tables,
  operating.applyTables,
  operating.indexes,
  operating.applyIndexes,
  operating.renewIndex,
  rebuild,
  operating.rebuildViews,
  reports.list,
  reports.describe,
  reports.run,
  reports.request,
  reports.status,
  reports.cancel,
  reports.download,
  reports.addSchedule,
  reports.listSchedules,
  reports.removeSchedule,
  reports.worker,
  serving.serve,
  serving.addKey,
  serving.listKeys,
  serving.removeKey,
  rollups.list,
  rollups.compact,
  rollups.vacuum,
  rollups.expire,
  rollups.rebuild,
  rollups.druidSpec,
  rollups.listArchives,
  rollups.replayArchive,
  offsets.show,
  offsets.seek,
  running.lag,
  pause,
  resume,
  operating.doctor,
  operating.forget,
  operating.findings,
  operating.config,
  operating.docs,
  completing.completion,
  completing.complete,
];

/** A command that needs stores. */
export type CommandName = Extract<(typeof DECLARED)[number], { kind: 'stores' }>['name'];

export const COMMANDS: readonly Command[] = DECLARED;
