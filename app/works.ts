/** Everything of a platform that reads topics as a consumer group: its jobs, and the rollups of its datasources. */
import { once } from '../core/once.ts';
import type { Job } from '../jobs/define.ts';
import type { Platform } from '../modules/define.ts';
import type { SegmentSource } from '../reports/runtime/source.ts';
import { sourcesOf } from '../reports/runtime/sources.ts';

export type AnyWork = Job | SegmentSource;

export const worksOf: (platform: Platform) => readonly AnyWork[] = once((platform) => [
  ...platform.jobs,
  ...sourcesOf(platform),
]);

export const isJob = (work: AnyWork): work is Job => 'row' in work;
