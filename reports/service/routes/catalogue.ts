/** The list of reports. */
import { z } from 'zod';
import { reportNamed } from '../../requesting/named.ts';
import { defineRoute } from '../route.ts';
import { reportShape } from '../shapes.ts';
import { reportView } from '../views.ts';

export const listReports = defineRoute({
  name: 'listReports',
  method: 'GET',
  path: '/v1/reports',
  summary: 'All reports: what each answers, its parameters and its columns.',
  scope: 'reports:read',
  answers: { 200: { doc: 'The reports.', body: z.object({ reports: z.array(reportShape) }) } },
  async run({ caller }, { reports }) {
    return { status: 200, body: { reports: reports.map((report) => reportView(report, caller)) } };
  },
});

export const describeReport = defineRoute({
  name: 'describeReport',
  method: 'GET',
  path: '/v1/reports/{report}',
  summary: 'One report.',
  scope: 'reports:read',
  takes: { path: z.object({ report: z.string().min(1).max(300).describe('Its name.') }) },
  answers: { 200: { doc: 'The report.', body: reportShape } },
  async run({ caller, path }, { reports }) {
    return { status: 200, body: reportView(reportNamed(path.report, reports), caller) };
  },
});
