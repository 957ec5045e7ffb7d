/**
 * For tests of jobs and datasources with `node:test`: given / when / then for one job (`jobSpec`) or one datasource (`datasourceSpec`), the
 * tests that every job has to pass (`survives`), and the embedded stores in memory for everything else.
 */
export { DatasourceSpec, datasourceSpec, type ExpectedRow } from './datasource-spec.ts';
export { type Dump, dump, type EmittedEvent } from './dump.ts';
export { JobSpec, jobSpec, minute, type SpecEvent, type SpecOptions, type SpecRow } from './job-spec.ts';
export type { Point, Reach } from './points.ts';
export { type GivenEvent, given, recordsOf } from './produce.ts';
export {
  ManualClock,
  memoryStores,
  rememberingChannel,
  type StoresOptions,
  type TestStores,
  testRuntime,
} from './stores.ts';
export { survives } from './survival.ts';
