/**
 * The public API: functions to declare a platform and to run it.
 *
 *     import { defineModule, definePlatform, learning } from 'tributary';
 *     export default definePlatform({ modules: [learning, mine] });
 *
 * If this is in `tributary.config.ts`, the command `tributary` in that folder runs the platform.
 */
import type { Platform } from './modules/define.ts';

export type {
  EnumSchema,
  Field,
  Infer,
  Input,
  MapSchema,
  NullableSchema,
  Primitive,
  RecordSchema,
  Schema,
} from './core/avro.ts';
export type { ChannelName } from './core/channel.ts';
export { Entries } from './core/entries.ts';
export { ERROR_CODES, type ErrorCode, type ErrorKind, type RejectCode, TributaryError } from './core/errors.ts';
export {
  type AnyEventOf,
  callAnswered,
  DEFAULT_TENANT,
  defineEvent,
  type Event,
  type EventDef,
  type EventOf,
  timerFired,
} from './core/event.ts';
export { moment } from './core/moment.ts';
export {
  type CacheDef,
  defineCache,
  defineIndex,
  defineTable,
  type IndexDef,
  type KeyOf,
  type RecordOf,
  type RowOf,
  type TableDef,
  type Target,
} from './core/target.ts';
export {
  type Call,
  call,
  catchingUp,
  defineJob,
  type Emit,
  type Every,
  emit,
  every,
  type Found,
  type Job,
  type Keys,
  type Lookup,
  lookup,
  type Output,
  Rejection,
  reject,
  sleep,
  type View,
  view,
  viewEach,
  type Wake,
  type Where,
  wakeAt,
  where,
} from './jobs/define.ts';
export { defineModule, definePlatform, type Module, type Platform } from './modules/define.ts';
export { learning, learningWith } from './modules/learning.ts';
export { pipeline } from './modules/pipeline.ts';
export { type Datasource, defineDatasource } from './reports/define-datasource.ts';
export {
  type Column,
  defineReport,
  type Parameter,
  type Reads,
  type Report,
  type Role,
} from './reports/define-report.ts';
export { type Granularity, localDay } from './reports/granularity.ts';
export { deadLetterTopic, defineTopic, type Topic } from './topics/define.ts';

/**
 * The command line with this platform, for an entry file of one's own:
 *
 *     process.exitCode = await main(platform);
 *
 * `argv` are the words after the name of the program. Returns the exit code.
 */
export async function main(platform: Platform, argv: readonly string[] = process.argv.slice(2)): Promise<number> {
  const program = await import('./cli/program.ts');
  return program.main(argv, platform);
}
