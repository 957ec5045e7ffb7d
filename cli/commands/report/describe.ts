/** `tributary report describe`. */

import { found } from '../../../app/platform/names.ts';
import type { Parameter, Report } from '../../../reports/define-report.ts';
import { type Context, print, printJson, type Run } from '../../context.ts';
import { type Form, printListing } from '../../output/listing.ts';

export const run: Run<Form & { readonly report: string }> = async (context, { report: name, ...form }) => {
  const report = found('report', name, context.wired.platform.reports);
  if (form.json) {
    const { title, answers, version, role, protection, rowLimit, parameters, columns } = report;
    await printJson(context, { name, title, answers, version, role, protection, rowLimit, parameters, columns });
    return undefined;
  }
  await printAbout(context, report);
  await printListing(context, form, {
    head: ['parameter', 'value', 'default', 'what it selects'],
    rows: Object.entries(report.parameters).map(([each, spec]) => [each, valuesOf(spec), defaultOf(spec), spec.doc]),
    json: null,
  });
  if (Object.keys(report.parameters).length > 0) await print(context, '');
  await printListing(context, form, {
    head: ['column', 'title', 'type', 'unit', 'meaning'],
    rows: report.columns.map(({ name, title, type, unit, doc, personal }) => {
      return [name, title, type, unit, personal ? `${doc} Personal data.` : doc];
    }),
    json: null,
  });
  return undefined;
};

async function printAbout(context: Context, { name, title, answers, role, protection }: Report): Promise<void> {
  await print(context, `${title} (${name})`);
  await print(context, answers);
  const guard = protection === 'required' ? ' Its files must be protected.' : '';
  await print(context, `It needs the role ${role}.${guard}`);
  await print(context, '');
}

function valuesOf(spec: Parameter): string {
  switch (spec.type) {
    case 'long':
      return `${spec.min} to ${spec.max} ${spec.unit}`;
    case 'choice':
      return spec.of.join(', ');
    case 'boolean':
      return 'true, false';
    case 'date':
      return 'a day: 2026-01-31, today-7';
    case 'moment':
      return 'a time: 2026-01-31T08:00:00Z, now';
    case 'zone':
      return 'a time zone: Asia/Kolkata';
    case 'text':
      return 'text';
  }
}

const defaultOf = (spec: Parameter): unknown =>
  'default' in spec ? spec.default : spec.optional ? '(none)' : '(needed)';
