/**
 * Owners of other releases, which store other formats. This release writes version 2. The release before wrote version 1 and
 * knew no other; its format is restated here on purpose. The release after writes version 3.
 */
import { TributaryError } from '../../core/errors.ts';
import type { RowWrite, StoredRow } from '../../sinks/tables/port.ts';
import type { Claim, Committed, NewRecord } from '../../topics/log/transport.ts';
import type { Hook } from '../jobs/runtime/intercept.ts';

interface Formats {
  readonly at: (text: string) => string;
  readonly outbox: (text: string) => string;
  readonly progress: (text: string) => string;
  readonly origin: (text: string) => string;
  /** Converts a stored text before the release's own reader gets it. */
  readonly read: (text: string) => string;
}

const same = (text: string): string => text;
const behindVersionAndId = (text: string): string => text.replace(/^2\|\w*\|/, '');

/** Version 1 had no version number, no topic ids, and only dedupe positions beside an offset: a JSON list of lines and positions. */
const RELEASE_1: Formats = {
  at: behindVersionAndId,
  outbox: behindVersionAndId,
  progress: (text) => listed(text.split('|')[6] ?? ''),
  origin: (text) => text.replace(/@\w+\//, '/'),
  read(text) {
    if (/^\d+\|/.test(text)) throw new TributaryError('FORMAT_NEWER', 'release 1 waits');
    return text;
  },
};

const newer = (text: string): string => text.replace(/^2\|/, '3|');
const RELEASE_3: Formats = {
  at: newer,
  outbox: newer,
  progress: newer,
  origin: same,
  read: (text) => text.replace(/^3\|/, '2|'),
};

export type Release = 1 | 2 | 3;

/** Makes the calls of a worker look like those of the release. */
export function ofRelease(release: Release, then: Hook): Hook {
  if (release === 2) return then;
  const formats = release === 1 ? RELEASE_1 : RELEASE_3;
  return async (name, go, args) => {
    const given = args as unknown[];
    if (name === 'tables.write') given[1] = (given[1] as RowWrite[]).map((row) => written(formats, row));
    if (name === 'claim.commit') given[0] = committing(formats, given[0] as Parameters<Claim['commit']>[0]);
    const answer = await then(name, go, given);
    if (name === 'tables.read' || name === 'tables.under') {
      return (answer as (StoredRow | undefined)[]).map((row) => row && read(formats, row));
    }
    if (name === 'transport.committed') return (answer as Committed[]).map((one) => committed(formats, one));
    if (name === 'membership.claim') {
      const claim = answer as Claim;
      return { ...claim, committed: committed(formats, claim.committed) };
    }
    return answer;
  };
}

const written = ({ at, outbox }: Formats, row: RowWrite): RowWrite => ({
  ...row,
  at: at(row.at),
  outbox: outbox(row.outbox),
});

const read = (formats: Formats, row: StoredRow): StoredRow => ({
  ...row,
  at: formats.read(row.at),
  outbox: formats.read(row.outbox),
});

const committed = (formats: Formats, one: Committed): Committed => ({ ...one, metadata: formats.read(one.metadata) });

function committing(formats: Formats, { records, offset, metadata }: Parameters<Claim['commit']>[0]) {
  const rewritten = records.map((record): NewRecord => {
    const { ce_origin: origin, ce_id: id } = record.headers;
    if (typeof origin !== 'string' || typeof id !== 'string') return record;
    const headers = { ...record.headers, ce_origin: formats.origin(origin), ce_id: formats.origin(id) };
    return { ...record, headers };
  });
  return { records: rewritten, offset, metadata: formats.progress(metadata) };
}

/** Converts the dedupe positions of version 2 to the list of version 1. */
function listed(dedupe: string): string {
  const lines: [string, [number, number]][] = [];
  for (const group of dedupe === '' ? [] : dedupe.split(' ')) {
    const [upstream = '', list = ''] = group.split('=');
    let [partition, offset] = [0, 0];
    for (const each of list.split(',')) {
      const [prefix, position = ''] = each.includes(':') ? each.split(':') : [undefined, each];
      const [difference = '', index = '0'] = position.split('.');
      if (prefix !== undefined) partition = Number.parseInt(prefix, 36);
      offset += Number.parseInt(difference, 36);
      lines.push([`${upstream}/${partition}`, [offset, Number.parseInt(index, 36)]]);
      partition += 1;
    }
  }
  return lines.length === 0 ? '' : JSON.stringify(lines);
}
