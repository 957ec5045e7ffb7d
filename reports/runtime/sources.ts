/** The datasources and archives of a platform that a process runs. */
import type { Topic } from '../../topics/define.ts';
import type { Datasource } from '../define-datasource.ts';
import { archiveOf } from './archive-source.ts';
import { sourceOf } from './datasource-source.ts';
import type { SegmentSource } from './source.ts';

export const sourcesOf = ({ datasources }: { readonly datasources: readonly Datasource[] }): SegmentSource[] =>
  datasources.map(sourceOf);

export const archivesOf = ({ topics }: { readonly topics: readonly Topic[] }): SegmentSource[] => topics.map(archiveOf);
