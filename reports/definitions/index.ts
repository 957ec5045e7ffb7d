/** The reports of the built-in module, in the order in which people look for them. */
import type { Report } from '../define-report.ts';
import { activity } from './activity.ts';
import { completionFunnel } from './completion-funnel.ts';
import { contentPopularity } from './content-popularity.ts';
import { contentTypes } from './content-types.ts';
import { deadLetters } from './dead-letters.ts';
import { dropOff } from './drop-off.ts';
import { enrollmentTrend } from './enrollment-trend.ts';
import { groupProgress } from './group-progress.ts';
import { lag } from './lag.ts';
import { learnerProgress } from './learner-progress.ts';
import { learnersAtRisk } from './learners-at-risk.ts';
import { learnersPersonalData } from './learners-personal-data.ts';
import { moduleProgress } from './module-progress.ts';
import { notificationDelivery } from './notification-delivery.ts';
import { progressDistribution } from './progress-distribution.ts';

export const reports: readonly Report[] = [
  learnerProgress,
  moduleProgress,
  groupProgress,
  enrollmentTrend,
  activity,
  completionFunnel,
  progressDistribution,
  dropOff,
  learnersAtRisk,
  contentPopularity,
  contentTypes,
  learnersPersonalData,
  notificationDelivery,
  deadLetters,
  lag,
];
