/** The names of reports and their files. */
import { TributaryError } from '../../core/errors.ts';
import type { Request } from '../../sinks/requests/port.ts';
import type { Report } from '../define-report.ts';

export function reportNamed(name: string, reports: readonly Report[]): Report {
  const report = reports.find((each) => each.name === name);
  if (report !== undefined) return report;
  const names = reports.map((each) => each.name).join(', ');
  throw new TributaryError('NOT_FOUND', `there is no report ${name}: take one of ${names}`);
}

/** The name under which the file of a request is saved. */
export function fileNameOf({
  report,
  format,
  options,
  protection,
}: Pick<Request, 'report' | 'format' | 'options' | 'protection'>): string {
  const isTabs = format === 'csv' && ['tab', '\t'].includes(options['separator'] ?? '');
  const plain = isTabs ? 'tsv' : format;
  switch (protection.kind) {
    case 'none':
      return `${report}.${plain}`;
    case 'zip':
      return `${report}.zip`;
    case 'age':
      return `${report}.${plain}.age`;
  }
}
