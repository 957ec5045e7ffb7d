/** The events of ended requests: one for each asker, and a notification. Their ids are derived from the request, to recognise repeats. */
import { DateTime } from 'luxon';
import type { EventDef } from '../../core/event.ts';
import { notificationRequested } from '../../schemas/notification.ts';
import { reportDone, reportFailed } from '../../schemas/report.ts';
import type { Request, Result } from '../../sinks/requests/port.ts';
import type { Headers } from '../../topics/log/transport.ts';
import { goingOnWith } from '../../topics/tracing/carried.ts';
import type { Report } from '../define-report.ts';
import type { Ended } from './tending.ts';

export interface OwnEvent {
  readonly def: EventDef;
  readonly id: string;
  readonly tenant: string;
  /** In ms since 1970 UTC. */
  readonly time: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** The headers of the trace that it continues. */
  readonly trace?: Headers | undefined;
}

export interface Announcing {
  readonly reports: readonly Report[];
  /** An expiring link to the file; undefined if nothing serves the file. */
  linkTo(request: Request, result: Result): Promise<string | undefined>;
}

/** The category by which preferences of users refer to these notifications. */
const CATEGORY = 'report';

export async function endingEvents({ request, askers }: Ended, parts: Announcing): Promise<OwnEvent[]> {
  const { id, tenant, report, updatedAt, result } = request;
  const title = parts.reports.find(({ name }) => name === report)?.title ?? report;
  const link = result === null ? undefined : await parts.linkTo(request, result);
  return askers.flatMap(({ user }) => {
    const whose = { userId: user, requestId: id, report, title };
    const event = { tenant, time: updatedAt, trace: goingOnWith(request.trace) };
    const outcome =
      result === null
        ? { def: reportFailed, data: { ...whose, ...errorOf(request) } }
        : { def: reportDone, data: { ...whose, ...doneOf(request, result) } };
    const data = {
      recipientId: user,
      notificationId: `report/${id}`,
      category: CATEGORY,
      title: result === null ? `${title}: it failed` : `${title}: it is ready`,
      body: result === null ? failedBody(request) : doneBody(request, result, link),
      link: link ?? null,
      expiresAt: result?.expiresAt ?? null,
    };
    return [
      { ...event, ...outcome, id: `report/${id}/${user}` },
      { ...event, def: notificationRequested, id: `report/${id}/${user}/notification`, data },
    ];
  });
}

const doneOf = ({ format }: Request, { protection, rows, truncated, bytes, checksum, asOf, expiresAt }: Result) => ({
  format,
  protection,
  rows,
  truncated,
  bytes,
  checksum,
  asOf,
  expiresAt,
});

const errorOf = ({ error }: Request) => ({
  code: error?.code ?? '',
  message: [error?.message, error?.whatToDo].filter((text) => text !== undefined).join('. '),
});

/** Names no person, since it is sent by mail. */
function doneBody({ id, format }: Request, { rows, truncated, expiresAt }: Result, link: string | undefined): string {
  return [
    `The file (${format}) has ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}.`,
    ...(truncated ? [`It is not complete: there are more rows than its limit.`] : []),
    link === undefined ? `Fetch it with \`tributary report download ${id}\`.` : 'Fetch it by the link, which expires.',
    `It is kept until ${DateTime.fromMillis(expiresAt, { zone: 'utc' }).toISO()}.`,
  ].join(' ');
}

const failedBody = (request: Request): string =>
  `${errorOf(request).message} (${errorOf(request).code}, ${request.id})`;
