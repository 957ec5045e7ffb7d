/** The declarations of the built-in modules, for modules that read their topics, emit to them or look up their rows. */
export * from './schemas/batch.ts';
export * from './schemas/certificate.ts';
export * from './schemas/content.ts';
export * from './schemas/enrollment.ts';
export {
  activityAdded,
  activityRemoved,
  groupCreated,
  groupDeleted,
  groupUpdated,
  memberAdded,
  memberProgressed,
  memberRemoved,
  memberRoleChanged,
} from './schemas/group.ts';
export {
  messageDelivered,
  messageDue,
  messageFailed,
  notificationRead,
  notificationRequested,
  preferencesChanged,
  preferencesRefused,
} from './schemas/notification.ts';
export * from './schemas/pipeline.ts';
export * from './schemas/rows/batch-summary.ts';
export * from './schemas/rows/course-structure.ts';
export * from './schemas/rows/group-membership.ts';
export * from './schemas/rows/learner-progress.ts';
export * from './schemas/rows/message.ts';
export * from './schemas/rows/recipient.ts';
export * from './schemas/rows/user-profile.ts';
export {
  ownershipTransferred,
  userConsentGiven,
  userConsentWithdrawn,
  userCreated,
  userDeleted,
  userMerged,
  userUpdated,
} from './schemas/user.ts';
export * from './topics/index.ts';
