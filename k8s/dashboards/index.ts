/** The dashboards of the chart, by file name. */
import { figuresDashboard } from './figures.ts';
import { dashboardModel } from './grafana.ts';
import { jobDashboard } from './job.ts';
import { pipelineDashboard } from './pipeline.ts';

export const dashboards: Readonly<Record<string, object>> = {
  pipeline: dashboardModel(pipelineDashboard),
  job: dashboardModel(jobDashboard),
  figures: dashboardModel(figuresDashboard),
};
