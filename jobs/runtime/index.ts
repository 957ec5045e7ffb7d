/** Runs declared jobs on stores. The command line does the same from a configuration. */
export type { Codec, Decoded } from '../../topics/codec/codec.ts';
export { systemClock } from './clock.ts';
export { type RunningJob, runJob } from './run.ts';
export {
  type Clock,
  DEFAULT_SETTINGS,
  NETWORKED,
  type Runtime,
  recordBudgetOf,
  rowBudgetOf,
  type Settings,
  type Stores,
  upstreamsOf,
} from './stores.ts';
export { SILENT, type Telemetry, type TelemetryEvent } from './telemetry.ts';
