/** The pages derived from the declarations of a platform, by file name. */
import type { Platform } from '../modules/define.ts';
import { datasourcesPage } from './datasources-page.ts';
import { eventsPage } from './events-page.ts';
import { projectionsPage } from './projections-page.ts';
import { reportsPage } from './reports-page.ts';

/** `madeBy` is the command that writes the pages; `cql` runs the statement that follows it. */
export function pagesOf(
  platform: Platform,
  madeBy: string,
  cql = 'cqlsh -k tributary -e',
): Readonly<Record<string, string>> {
  return {
    'events.md': eventsPage(platform, madeBy),
    'projections.md': projectionsPage(platform, madeBy, cql),
    ...(platform.datasources.length > 0 && { 'datasources.md': datasourcesPage(platform, madeBy) }),
    ...(platform.reports.length > 0 && { 'report-catalogue.md': reportsPage(platform, madeBy) }),
  };
}
