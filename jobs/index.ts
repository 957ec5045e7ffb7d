/** Every job there is. */
import type { Job } from './define.ts';
import { deliverMessage } from './deliver-message.ts';
import { notify } from './notify.ts';
import { projectCourse } from './project-course.ts';
import { projectGroup } from './project-group.ts';
import { summarizeBatch } from './summarize-batch.ts';
import { trackProgress } from './track-progress.ts';

export { deliverMessage, notify, projectCourse, projectGroup, summarizeBatch, trackProgress };

export const jobs: readonly Job[] = [
  projectCourse,
  trackProgress,
  summarizeBatch,
  projectGroup,
  notify,
  deliverMessage,
];
