/** Checks of `doctor` on the positions of jobs: their offsets, the metadata committed with them, and the positions of rows. */

import { type Finding, ok, problem, warning } from '../../core/finding.ts';
import type { Job } from '../../jobs/define.ts';
import { orderAdvice } from '../../jobs/runtime/offsets/order.ts';
import { type Standing, standingsOf } from '../../jobs/runtime/offsets/standing.ts';
import { beyondLogAdvice, parseAt } from '../../jobs/runtime/rows/position.ts';
import { logLagsOf } from '../groups/job-lags.ts';
import { groupsOf } from '../platform/works.ts';
import type { Wired } from '../stores/wiring.ts';

interface Of {
  readonly wired: Wired;
}

const ROWS_SAMPLED = 200;

export async function positions({ wired }: Of): Promise<Finding[]> {
  const lags = await logLagsOf(
    wired,
    groupsOf(wired).map(({ name }) => name),
  );
  const findings = lags.flatMap(({ job, topic, partitions }) =>
    partitions.flatMap(({ partition, committed, begin, end }) => {
      if (committed !== undefined && committed > end)
        return [beyondLog(job, `${job} is to go on at ${committed} of ${topic}/${partition}, which ends at ${end}`)];
      if (committed === undefined || committed >= begin) return [];
      const what = `the records from ${committed} up to ${begin} of ${topic}/${partition} were dropped before ${job} read them`;
      return [
        problem(
          'positions',
          what,
          'produce them again from their source; keep records for longer, or run the job more often',
        ),
      ];
    }),
  );
  return findings.length > 0 ? findings : [ok('positions', 'every job goes on within its topic')];
}

/** The metadata committed with the offsets must be ours, and belong to the current topics. */
export async function offsets({ wired }: Of): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const job of wired.platform.jobs) {
    const { partitions } = await standingsOf(job, wired.stores.transport);
    const where = (is: (standing: Standing) => boolean): string | undefined => {
      const found = partitions.flatMap((standing, i) => (is(standing) ? [i] : []));
      return found.length === 0 ? undefined : `partitions ${found.join(', ')} of ${job.from.name}`;
    };
    const foreign = where(({ committed }) => committed.foreign);
    if (foreign !== undefined) {
      const what = `another tool has moved ${job.name} to its offsets in ${foreign}, and its dedupe positions are lost`;
      findings.push(
        warning('offsets', what, 'the job builds them again when it goes on; use `tributary offsets seek` from now on'),
      );
    }
    const remade = where(({ isOfAnother }) => isOfAnother);
    if (remade !== undefined) {
      const what = `the committed offsets of ${job.name} are from before the topic was deleted and created again: ${remade}`;
      findings.push(
        warning(
          'offsets',
          what,
          `the job goes on with the first record there is; if that is not right: \`tributary offsets seek ${job.name}\``,
        ),
      );
    }
    const expanded = where(({ progress }) => progress.partitions !== 0 && progress.partitions !== partitions.length);
    if (expanded !== undefined) {
      const what = `another tool has expanded ${job.from.name} to ${partitions.length} partitions: ${job.name} does not know in ${expanded} what was counted in others`;
      findings.push(
        warning(
          'offsets',
          what,
          'do not rewind a job that emits to this topic; expand with `tributary topics apply` from now on',
        ),
      );
    }
  }
  return findings.length > 0
    ? findings
    : [ok('offsets', 'all were committed by Tributary, for the topics as they are')];
}

/** Rows whose positions are beyond the end of the log: the topic was deleted and made again, or belongs to another cluster. */
export async function rowPositions({ wired }: Of): Promise<Finding[]> {
  const { tables, transport } = wired.stores;
  const findings: Finding[] = [];
  let sampled = 0;
  for (const job of wired.platform.jobs) {
    const { name, row, from } = job;
    const { topicId, partitions } = await standingsOf(job, transport);
    const isNew = partitions.every(({ committed }) => committed.offset === undefined);
    const { items } = await tables.scan(row, { limit: ROWS_SAMPLED });
    for (const { key, at } of items) {
      sampled += 1;
      const applied = parseAt(at, topicId);
      const beyond = applied.find(([partition, offset]) => offset >= (partitions[partition]?.info.end ?? 0));
      if (beyond !== undefined) {
        const what = `the row ${key.join('/')} of ${name} has applied ${from.name}/${beyond.join('/')}, which is not in the log`;
        findings.push(beyondLog(name, what));
        break;
      }
      if (isNew && at !== '' && applied.length === 0) {
        const what = `the row ${key.join('/')} of ${name} has applied records of another ${from.name} than this one, and ${name} has no offset here: it would apply all records here again`;
        findings.push(
          problem(
            'rows',
            what,
            `if the records here are copies: \`tributary offsets seek ${name} --all --to-end\` before it runs`,
          ),
        );
        break;
      }
    }
  }
  return findings.length > 0
    ? findings
    : [ok('rows', `none of ${sampled} sampled has applied a record that is not in the log`)];
}

function beyondLog(job: string, what: string): Finding {
  return problem('positions', what, `${beyondLogAdvice(job)} (POSITION_BEYOND_LOG)`);
}

/** Claims must be newer than everything that was written under them. */
export async function tokens({ wired }: Of): Promise<Finding[]> {
  const { tables, transport } = wired.stores;
  const findings: Finding[] = [];
  const lost: Job[] = [];
  for (const job of wired.platform.jobs) {
    const { name, row, from } = job;
    const { partitions } = await standingsOf(job, transport);
    const claimed = await Promise.all(partitions.map((_, i) => tables.token(name, from.name, i)));
    const newest = Math.max(0, ...claimed);
    const committed = Math.max(0, ...partitions.map(({ progress }) => progress.token));
    const { items } = await tables.scan(row, { limit: ROWS_SAMPLED });
    const written = Math.max(0, ...items.map(({ version }) => version.token));
    if (Math.max(written, committed) <= newest) continue;
    lost.push(job);
    const by = written > newest ? `rows were written with ${written}` : `${committed} was committed`;
    findings.push(
      warning(
        'tokens',
        `the claims of ${name} are older than its work: they are at token ${newest}, and ${by}`,
        'the table of claims was lost or restored: the job goes on with a higher token by itself; after a restore of rows, move it with `tributary offsets seek --restored`',
      ),
    );
  }
  const order = lost.length > 1 ? orderAdvice(lost, wired.platform.jobs) : undefined;
  if (order !== undefined)
    findings.push(
      warning('tokens', `${lost.length} jobs may have lost rows, and the order of their restore matters`, order),
    );
  return findings.length > 0 ? findings : [ok('tokens', 'no row is newer than the claims')];
}
