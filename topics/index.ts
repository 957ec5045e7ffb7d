/** All topics: one per aggregate. The key keeps the events of one thing in order. */
import * as batch from '../schemas/batch.ts';
import * as certificate from '../schemas/certificate.ts';
import * as content from '../schemas/content.ts';
import * as enrollment from '../schemas/enrollment.ts';
import * as group from '../schemas/group.ts';
import * as notification from '../schemas/notification.ts';
import * as pipeline from '../schemas/pipeline.ts';
import * as report from '../schemas/report.ts';
import * as user from '../schemas/user.ts';
import { defineTopic, type Topic } from './define.ts';

export const enrollmentEvents = defineTopic({
  name: 'enrollment.events',
  doc: 'Events about one learner in one course.',
  key: 'userId',
  events: [
    enrollment.enrolled,
    enrollment.unenrolled,
    enrollment.contentProgressed,
    enrollment.assessmentSubmitted,
    enrollment.progressReset,
    enrollment.courseRetaken,
    enrollment.completionWithdrawn,
    enrollment.progressFollowed,
  ],
  broadcasts: [enrollment.courseStructureChanged],
});

export const batchEvents = defineTopic({
  name: 'batch.events',
  doc: 'Events about one batch and its learners.',
  key: 'batchId',
  events: [
    batch.batchCreated,
    batch.batchUpdated,
    batch.batchRetired,
    batch.learnerJoined,
    batch.learnerProgressed,
    batch.learnerCompleted,
    batch.learnerLeft,
    batch.batchStarted,
    batch.batchEnded,
  ],
});

export const groupEvents = defineTopic({
  name: 'group.events',
  doc: 'Events about one group of learners.',
  key: 'groupId',
  events: [
    group.groupCreated,
    group.groupUpdated,
    group.groupDeleted,
    group.memberAdded,
    group.memberRemoved,
    group.memberRoleChanged,
    group.activityAdded,
    group.activityRemoved,
    group.memberProgressed,
  ],
});

export const notificationEvents = defineTopic({
  name: 'notification.events',
  doc: 'Events about the notifications of one user.',
  key: 'recipientId',
  events: [
    notification.notificationRequested,
    notification.notificationRead,
    notification.preferencesChanged,
    notification.preferencesRefused,
    notification.messageDue,
    notification.messageDelivered,
    notification.messageFailed,
  ],
});

export const userEvents = defineTopic({
  name: 'user.events',
  doc: 'Events about one user account.',
  key: 'userId',
  events: [
    user.userCreated,
    user.userUpdated,
    user.userMerged,
    user.userDeleted,
    user.ownershipTransferred,
    user.userConsentGiven,
    user.userConsentWithdrawn,
  ],
});

export const contentEvents = defineTopic({
  name: 'content.events',
  doc: 'Events about the content of one course.',
  key: 'courseId',
  events: [content.coursePublished, content.courseRetired],
});

export const certificateEvents = defineTopic({
  name: 'certificate.events',
  doc: 'Events about the certificates of one user.',
  key: 'userId',
  events: [
    certificate.certificateRequested,
    certificate.certificateRevoked,
    certificate.certificateIssued,
    certificate.certificateFailed,
  ],
});

export const reportRequests = defineTopic({
  name: 'report.requests',
  doc: 'Requests for reports that services make on behalf of one user.',
  key: 'userId',
  events: [report.reportRequested],
});

export const reportEvents = defineTopic({
  name: 'report.events',
  doc: 'The outcomes of the reports that one user asked for.',
  key: 'userId',
  events: [report.reportDone, report.reportFailed, report.reportRefused],
});

/** A topic of the module `pipeline`, so it is not in the list below. */
export const pipelineEvents = defineTopic({
  name: 'pipeline.events',
  doc: 'Events about the work of jobs, batch by batch.',
  ofRuntime: true,
  key: 'job',
  events: [pipeline.batchDone, pipeline.recordsRejected],
  retentionMs: 7 * 24 * 60 * 60 * 1000,
});

export const topics: readonly Topic[] = [
  contentEvents,
  enrollmentEvents,
  batchEvents,
  groupEvents,
  notificationEvents,
  userEvents,
  certificateEvents,
  reportRequests,
  reportEvents,
];
