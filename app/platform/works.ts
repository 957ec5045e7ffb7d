/** Everything of a platform that reads topics as a consumer group: its jobs, the rollups of its datasources, the archives of its topics. */
import { once } from '../../core/once.ts';
import type { Job } from '../../jobs/define.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import type { Platform } from '../../modules/define.ts';
import type { SegmentSource } from '../../reports/runtime/source.ts';
import { archivesOf, sourcesOf } from '../../reports/runtime/sources.ts';
import { reportRequested } from '../../schemas/report.ts';
import type { Config } from '../config/keys.ts';

export type AnyWork = Job | SegmentSource;

/** The group that takes report requests from their topic; undefined if the platform has no such topic. Report workers run it. */
export const submittingOf: (platform: Platform) => Work | undefined = once(({ topics }) => {
  const from = topics.find(({ events }) => events.includes(reportRequested));
  return from && { name: 'submit-reports', from };
});

const countingOf = once((platform: Platform): readonly AnyWork[] => [...platform.jobs, ...sourcesOf(platform)]);

/** The groups that are possible, whether or not the installation runs them. */
export const possibleWorksOf: (platform: Platform) => readonly AnyWork[] = once((platform) => [
  ...countingOf(platform),
  ...archivesOf(platform),
]);

/** The groups that the installation runs. */
export const worksOf = ({
  platform,
  config,
}: {
  readonly platform: Platform;
  readonly config: Pick<Config, 'archive'>;
}): readonly AnyWork[] => (config.archive === 'on' ? possibleWorksOf : countingOf)(platform);

/** All groups that read topics, whichever process runs them: for commands that show lags, positions and topics. */
export const groupsOf = (wired: Parameters<typeof worksOf>[0]): readonly Work[] => [
  ...worksOf(wired),
  ...submittingIn(wired.platform),
];
export const possibleGroupsOf = (platform: Platform): readonly Work[] => [
  ...possibleWorksOf(platform),
  ...submittingIn(platform),
];

const submittingIn = (platform: Platform): readonly Work[] => {
  const submitting = submittingOf(platform);
  return submitting === undefined ? [] : [submitting];
};

export const isJob = (work: AnyWork): work is Job => 'row' in work;
export const isSource = (work: AnyWork): work is SegmentSource => !isJob(work);
export const isArchive = (work: AnyWork): boolean => isSource(work) && work.prefix.startsWith('archive/');
