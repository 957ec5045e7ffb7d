/** The state of the installation: its jobs and its problems. */
import { isoUtc } from '../../files/times.ts';
import { jobEvents } from '../operate/live.ts';
import { findingsShape, jobPath, jobsShape, turnBody, turnedShape } from '../operate/shapes.ts';
import { jobsView, pauseView } from '../operate/views.ts';
import { needRole, resolverName } from '../roles.ts';
import { defineRoute, type Route } from '../route.ts';

export const listJobs = defineRoute({
  name: 'listJobs',
  method: 'GET',
  path: '/v1/operate/jobs',
  summary: 'The progress of every job: jobs, rollups, archives, and the job that takes report requests.',
  doc: 'All jobs of the installation, in whatever process they run. The answer may be up to two seconds old.',
  scope: 'operate:read',
  answers: { 200: { doc: 'The jobs.', body: jobsShape } },
  async run({ caller }, { operations }) {
    needRole(caller, 'operator', 'see jobs');
    return { status: 200, body: jobsView(await operations.jobs()) };
  },
});

export const followJobs = defineRoute({
  name: 'followJobs',
  method: 'GET',
  path: '/v1/operate/jobs/events',
  summary: 'The progress of every job, live.',
  doc: 'Server-sent events: `jobs` every two seconds, with all jobs; `away` while the log does not answer.',
  scope: 'operate:read',
  isLong: true,
  mostAtOnce: 20,
  answers: { 200: { doc: 'The events.', type: 'text/event-stream' } },
  async run({ caller, signal, stopping }, service) {
    needRole(caller, 'operator', 'see jobs');
    // If the log does not answer, the status reports that: later there is no status to give.
    const first = await service.operations.jobs();
    const stream = jobEvents(first, service, AbortSignal.any([signal, stopping]));
    return { status: 200, headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }, stream };
  },
});

export const listFindings = defineRoute({
  name: 'listFindings',
  method: 'GET',
  path: '/v1/operate/findings',
  summary: 'What is wrong with the installation, as `tributary doctor` finds it.',
  doc: 'Checks servers, topics, tables and positions on each call. This takes a few seconds, and up to 30 if a server does not answer.',
  scope: 'operate:read',
  isLong: true,
  mostAtOnce: 1,
  answers: { 200: { doc: 'The findings.', body: findingsShape } },
  async run({ caller, signal, stopping }, { operations, clock }) {
    needRole(caller, 'operator', 'see what is wrong');
    const at = isoUtc(clock.now());
    const found = await operations.findings(caller.tenant, AbortSignal.any([signal, stopping]));
    const findings = found.map(({ check, state, message, todo = null }) => ({ check, state, message, todo }));
    return { status: 200, body: { at, findings } };
  },
});

interface TurnRoute extends Pick<Route, 'name' | 'summary'> {
  readonly doc?: string;
  readonly action: 'pause' | 'resume';
  /** Describes the state in the answer. */
  readonly is: string;
}

const turnRoute = ({ name, summary, doc, action, is }: TurnRoute): Route =>
  defineRoute({
    name,
    method: 'POST',
    path: `/v1/operate/jobs/{job}/${action}`,
    summary,
    ...(doc !== undefined && { doc }),
    scope: 'operate:write',
    takes: { path: jobPath, body: turnBody },
    answers: { 200: { doc: is, body: turnedShape } },
    async run({ caller, path: { job }, body: { why, dryRun } }, service) {
      needRole(caller, 'operator', `${action} jobs`);
      const { paused, changed } = await service.operations[action](job, { by: resolverName(caller), why, dryRun });
      if (!dryRun) service.audit(caller, { action, job });
      return { status: 200, body: { job, dryRun, paused: pauseView(paused), changed } };
    },
  });

export const pauseJob = turnRoute({
  name: 'pauseJob',
  summary: 'Pause a job. Within a few seconds all its workers stop reading, until it is resumed.',
  doc: 'The job stays paused when workers restart. If it is already paused, nothing changes.',
  action: 'pause',
  is: 'The job is paused.',
});

export const resumeJob = turnRoute({
  name: 'resumeJob',
  summary: 'Resume a paused job. It continues where it stopped.',
  action: 'resume',
  is: 'The job is not paused.',
});
