/** The datasources of the built-in module. */
import type { Datasource } from '../define-datasource.ts';
import { activity } from './activity.ts';
import { enrollments } from './enrollments.ts';
import { notifications } from './notifications.ts';
import { progress } from './progress.ts';

export const datasources: readonly Datasource[] = [enrollments, activity, progress, notifications];
