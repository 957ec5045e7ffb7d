/** All jobs of the built-in module. */
import type { Job } from './define.ts';
import { deliverMessage } from './deliver-message/deliver-message.ts';
import { notify, notifyWith } from './notify/notify.ts';
import { DEFAULT_OPTIONS, type JobOptions } from './options.ts';
import { projectCourse } from './project-course/project-course.ts';
import { projectGroup } from './project-group/project-group.ts';
import { projectUser } from './project-user/project-user.ts';
import { summarizeBatch } from './summarize-batch/summarize-batch.ts';
import { trackProgress } from './track-progress/track-progress.ts';

export { deliverMessage, notify, projectCourse, projectGroup, projectUser, summarizeBatch, trackProgress };

/** The jobs with the options of an installation. */
export const jobsWith = (options: JobOptions): readonly Job[] => [
  projectCourse,
  projectUser,
  trackProgress,
  summarizeBatch,
  projectGroup,
  notifyWith(options),
  deliverMessage,
];

export const jobs = jobsWith(DEFAULT_OPTIONS);
