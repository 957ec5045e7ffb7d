/** Runs declared jobs on stores. The command line does the same with a configuration. */
export type { Codec, Decoded } from '../../topics/codec/codec.ts';
export { systemClock } from './clock.ts';
export { runJob } from './rows/run.ts';
export type { RunningJob } from './run-group.ts';
export {
  type Clock,
  DEFAULT_SETTINGS,
  NETWORKED,
  type Runtime,
  recordBudgetOf,
  rowBudgetOf,
  type Settings,
  type Stores,
} from './stores.ts';
export { SILENT, type Telemetry, type TelemetryEvent } from './telemetry.ts';
export { upstreamsOf } from './upstreams.ts';
