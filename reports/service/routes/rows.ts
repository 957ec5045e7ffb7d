/** The first rows of a report while the caller waits: for reports with few rows, such as a funnel on a page. Nothing is stored. */
import { TributaryError } from '../../../core/errors.ts';
import type { Report } from '../../define-report.ts';
import { isPersonal } from '../../requesting/allowed.ts';
import { planned } from '../../requesting/asking.ts';
import { askSchema } from '../parameter-schema.ts';
import { previewOf } from '../preview.ts';
import { defineRoute, type Route } from '../route.ts';
import { previewShape, rowsBody } from '../shapes.ts';

/** A route for each report, so that generated clients know its parameters. */
export const readReport = (report: Report): Route =>
  defineRoute({
    name: `read_${report.name.replaceAll('-', '_')}`,
    method: 'POST',
    path: `/v1/reports/${report.name}/rows`,
    summary: `The first rows of ${report.title}, now.`,
    doc: `${report.answers} They are read while the caller waits, and no file is made. What takes too long, has more rows or has personal data is asked for as a request.`,
    scope: 'reports:read',
    takes: { body: rowsBody },
    bodySchema: askSchema(report, rowsBody),
    mostAtOnce: 4,
    answers: { 200: { doc: 'The rows.', body: previewShape } },
    async run({ caller, body, signal }, service) {
      const { reports, keys, sources, clock } = service;
      const { tenant, user, roles } = caller;
      const { parameters } = body;
      const limit = Math.min(body.limit, report.rowLimit);
      const columns = body.columns ?? report.columns.filter(({ personal }) => !personal).map(({ name }) => name);
      if (report.protection === 'required' || isPersonal(report, { columns })) throw protectedOnly(report);
      const now = clock.now();
      const { request } = await planned(
        {
          ...{ tenant, report: report.name, parameters, columns, requestedBy: user, roles },
          ...{ format: 'csv', options: {}, protection: { kind: 'none' }, rowLimit: limit, freshMs: null },
        },
        { reports, keys, now },
        sources.reads(tenant),
      );
      service.audit(caller, { action: 'read', report: report.name, personal: false });
      return { status: 200, body: await previewOf({ request, report, now, limit, signal }, sources) };
    },
  });

function protectedOnly({ name }: Report): TributaryError {
  const message = `personal data of ${name} are given in protected files only: leave these columns out, or ask for a request`;
  return new TributaryError('NOT_ALLOWED', message, { problems: [{ field: 'columns', message }] });
}
