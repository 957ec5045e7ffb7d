/** Every route there is. */
import type { Job } from '../../../jobs/define.ts';
import { targetsOf } from '../../../modules/derived.ts';
import type { Topic } from '../../../topics/define.ts';
import type { Datasource } from '../../define-datasource.ts';
import type { Report } from '../../define-report.ts';
import type { Route } from '../route.ts';
import { describeReport, listReports } from './catalogue.ts';
import {
  discardDeadLetters,
  editDeadLetters,
  getDeadLetter,
  listDeadLetters,
  replayDeadLetters,
} from './dead-letters.ts';
import { produceEvents } from './events.ts';
import { describeFile, downloadRequest, linkRequest, openLink, previewRequest } from './files.ts';
import { followJobs, listFindings, listJobs, pauseJob, resumeJob } from './operate.ts';
import { listProjections, projectionRoutes } from './projections.ts';
import { cancelRequest, followRequest, getRequest, listRequests, requestReport } from './requests.ts';
import { listDatasources, queryDatasource } from './rollups.ts';
import { readReport } from './rows.ts';
import { getSchedule, listSchedules, putSchedule, removeSchedule } from './schedules.ts';
import { getSession, getSignIn } from './session.ts';

interface Declared {
  readonly reports: readonly Report[];
  readonly datasources: readonly Datasource[];
  readonly topics: readonly Topic[];
  readonly jobs: readonly Job[];
}

export function routesOf({ reports, datasources, topics, jobs }: Declared): readonly Route[] {
  const targets = targetsOf(jobs);
  return [
    getSignIn,
    getSession,
    listReports,
    describeReport,
    ...reports.map(requestReport),
    ...reports.map(readReport),
    listRequests,
    getRequest,
    followRequest,
    cancelRequest,
    previewRequest,
    downloadRequest,
    describeFile,
    linkRequest,
    openLink,
    listSchedules,
    getSchedule,
    putSchedule,
    removeSchedule,
    listDatasources,
    ...datasources.map(queryDatasource),
    listProjections(targets),
    ...targets.flatMap(projectionRoutes),
    ...topics.map(produceEvents),
    listJobs,
    followJobs,
    pauseJob,
    resumeJob,
    listFindings,
    listDeadLetters,
    getDeadLetter(topics),
    replayDeadLetters,
    discardDeadLetters,
    editDeadLetters,
  ];
}
