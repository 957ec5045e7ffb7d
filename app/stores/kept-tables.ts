/** The tables of segments of an installation as operators name them: a datasource by its name, the archive of a topic by its group's. */
import type { Platform } from '../../modules/define.ts';

import { archiveOf } from '../../reports/runtime/archive-source.ts';
import { sourceOf } from '../../reports/runtime/datasource-source.ts';
import type { SegmentSource } from '../../reports/runtime/source.ts';
import type { Topic } from '../../topics/define.ts';

export interface KeptTable {
  readonly name: string;
  readonly doc: string;
  readonly source: SegmentSource;
  /** Undefined for an archive. */
  readonly datasource: Platform['datasources'][number] | undefined;
}

export const rollupTables = ({ datasources }: Pick<Platform, 'datasources'>): KeptTable[] =>
  datasources.map((datasource) => ({
    name: datasource.name,
    doc: datasource.title,
    source: sourceOf(datasource),
    datasource,
  }));

export const archiveTables = ({ topics }: { readonly topics: readonly Topic[] }): KeptTable[] =>
  topics.map((topic) => {
    const source = archiveOf(topic);
    return { name: source.name, doc: source.doc, source, datasource: undefined };
  });

export const keptTables = (platform: Pick<Platform, 'datasources' | 'topics'>): KeptTable[] => [
  ...rollupTables(platform),
  ...archiveTables(platform),
];
