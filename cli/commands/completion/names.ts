/** The names that completion offers. They come from the declarations: no store is opened. */

import { keptTables } from '../../../app/stores/kept-tables.ts';
import { ERROR_CODES } from '../../../core/errors.ts';
import type { Platform } from '../../../modules/define.ts';
import { indexesOf, targetsOf } from '../../../modules/derived.ts';
import { archivesOf, sourcesOf } from '../../../reports/runtime/sources.ts';
import type { Topic } from '../../../topics/define.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import type { Names } from '../../descriptor.ts';
import type { Candidate } from './candidates.ts';

export function namesOf(
  names: Exclude<Names, 'files'>,
  { jobs, topics, datasources, reports }: Pick<Platform, 'jobs' | 'topics' | 'datasources' | 'reports'>,
): Candidate[] {
  switch (names) {
    case 'jobs':
      return jobs.map(asCandidate);
    case 'jobs and rollups':
      return [...jobs, ...sourcesOf({ datasources }), ...archivesOf({ topics })].map(asCandidate);
    case 'datasources':
      return datasources.map(({ name, title }) => ({ value: name, doc: title }));
    case 'reports':
      return reports.map(({ name, title }) => ({ value: name, doc: title }));
    case 'segment tables':
      return keptTables({ datasources, topics }).map(asCandidate);
    case 'topics':
      return topics.map(asCandidate);
    case 'logs':
      return topics.flatMap(({ name, doc }) => [
        { value: name, doc },
        { value: deadLetterTopic(name), doc: `dead letters of ${name}` },
      ]);
    case 'event types':
      return topics.flatMap(({ events, broadcasts }) => [...events, ...broadcasts].map(ofEvent));
    case 'projections':
      return [...targetsOf(jobs).map(asCandidate), ...jobs.map(({ name, row }) => ({ value: name, doc: row.doc }))];
    case 'indexes':
      return indexesOf(jobs).map(asCandidate);
    case 'reject codes':
      return Object.entries(ERROR_CODES).flatMap(([value, kind]) => (kind === 'reject' ? [{ value, doc: '' }] : []));
    default:
      return names.map((value) => ({ value, doc: '' }));
  }
}

const asCandidate = ({ name, doc }: { readonly name: string; readonly doc: string }): Candidate => {
  return { value: name, doc };
};

const ofEvent = ({ type, schema }: Topic['events'][number]): Candidate => ({ value: type, doc: schema.doc ?? '' });
