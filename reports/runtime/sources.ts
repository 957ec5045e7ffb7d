/** What a platform counts, as work of a process. */
import type { Datasource } from '../define-datasource.ts';
import { sourceOf } from './datasource-source.ts';
import type { SegmentSource } from './source.ts';

export const sourcesOf = ({ datasources }: { readonly datasources: readonly Datasource[] }): SegmentSource[] =>
  datasources.map(sourceOf);
