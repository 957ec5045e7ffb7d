/** The results of a request: its first rows, its file, the description of the file, and links to it. */
import { z } from 'zod';
import { TributaryError } from '../../../core/errors.ts';
import { isoUtc } from '../../files/times.ts';
import { checkConsent, isPersonal, resultAt } from '../../requesting/allowed.ts';
import { fileNameOf } from '../../requesting/named.ts';
import { readableFor } from '../finding.ts';
import { previewOf } from '../preview.ts';
import { type Caller, defineRoute, type Service } from '../route.ts';
import { sentFile } from '../sent-file.ts';
import { previewShape, requestPath } from '../shapes.ts';

const PREVIEW_ROWS = 100;
const RANGE = { range: 'One range of bytes.', 'if-range': 'The ETag that the range is of.' };
const FILE_ANSWERS = {
  200: { doc: 'The file.', type: 'application/octet-stream', headers: { etag: 'Its checksum.' } },
  206: { doc: 'The range.', type: 'application/octet-stream', headers: { 'content-range': 'Which part it is.' } },
  304: { doc: 'The caller already has this file.' },
};

export const previewRequest = defineRoute({
  name: 'previewRequest',
  method: 'GET',
  path: '/v1/requests/{request}/preview',
  summary: 'The first 100 rows, as they are now.',
  doc: 'The rows are read again, so they may be newer than the file. Personal data are included only for users whose consent is valid now.',
  scope: 'reports:read',
  takes: { path: requestPath },
  mostAtOnce: 4,
  answers: { 200: { doc: 'The rows.', body: previewShape } },
  async run({ caller, path, signal }, service) {
    const { request, report } = await readableFor(caller, path.request, service);
    const { id } = request;
    service.audit(caller, {
      action: 'preview',
      report: report.name,
      request: id,
      personal: isPersonal(report, request),
    });
    const now = service.clock.now();
    const body = await previewOf({ request, report, now, limit: PREVIEW_ROWS, signal }, service.sources);
    return { status: 200, body };
  },
});

/** The file of a finished request, after checking roles and consents again. */
async function fileFor(caller: Caller, id: string, service: Service) {
  const { request, report } = await readableFor(caller, id, service);
  const result = resultAt(request, service.clock.now());
  await checkConsent(report, request, result, service.sources.reads(caller.tenant));
  return { request, report, result, personal: isPersonal(report, request) };
}

export const downloadRequest = defineRoute({
  name: 'downloadRequest',
  method: 'GET',
  path: '/v1/requests/{request}/file',
  summary: 'The file of a request that is done.',
  doc: 'Roles and consents are checked again: a file with data of a user who has withdrawn consent is refused.',
  scope: 'reports:read',
  takes: {
    path: requestPath,
    headers: { ...RANGE, 'if-none-match': 'The ETag of the file that the caller already has.' },
  },
  mayConflict: true,
  isLong: true,
  mostAtOnce: 20,
  answers: FILE_ANSWERS,
  async run({ caller, path, headers, isHead }, service) {
    const { request, report, result, personal } = await fileFor(caller, path.request, service);
    if (!isHead) service.audit(caller, { action: 'download', report: report.name, request: request.id, personal });
    const { object, bytes, checksum } = result;
    return sentFile(
      { name: object, bytes, etag: `"${checksum}"`, file: fileNameOf(request) },
      { headers, isHead },
      service.objects,
    );
  },
});

export const describeFile = defineRoute({
  name: 'describeFile',
  method: 'GET',
  path: '/v1/requests/{request}/about',
  summary: 'The description of the file of a request: the data that it reflects, and the meaning of its columns.',
  doc: 'JSON. If the file is encrypted with age, the description is encrypted for the same keys. A zip archive contains its description.',
  scope: 'reports:read',
  takes: { path: requestPath },
  mayConflict: true,
  answers: { 200: { doc: 'The description.', type: 'application/octet-stream' } },
  async run({ caller, path, headers, isHead }, service) {
    const { request, result } = await fileFor(caller, path.request, service);
    const { companion, checksum, protection } = result;
    const info = companion === null ? undefined : await service.objects.head(companion);
    if (info === undefined)
      throw new TributaryError('NOT_FOUND', `what describes the file of ${request.id} is in its archive: download it`);
    const file = `${request.report}.about.json${protection === 'age' ? '.age' : ''}`;
    const { name, bytes } = info;
    return sentFile({ name, bytes, etag: `"about-${checksum}"`, file }, { headers, isHead }, service.objects);
  },
});

const LINK_MS = 3_600_000;
const linkBody = z.strictObject({
  forMs: z.int().min(60_000).max(LINK_MS).default(LINK_MS).describe('How long the link is valid, in ms.'),
});

export const linkRequest = defineRoute({
  name: 'linkRequest',
  method: 'POST',
  path: '/v1/requests/{request}/links',
  summary: 'A link by which anybody can fetch the file for up to an hour.',
  mayConflict: true,
  scope: 'reports:read',
  takes: { path: requestPath, body: linkBody },
  answers: {
    201: {
      doc: 'The link.',
      body: z.object({
        url: z.string(),
        path: z
          .string()
          .nullable()
          .describe('The path of the link at this service. Null: another server has the file.'),
        expiresAt: z.iso.datetime(),
      }),
    },
  },
  async run({ caller, path, body }, service) {
    const { request, report, result, personal } = await fileFor(caller, path.request, service);
    service.audit(caller, { action: 'link', report: report.name, request: request.id, personal });
    const until = Math.min(result.expiresAt, service.clock.now() + body.forMs);
    const url = await service.objects.link(result.object, until, fileNameOf(request));
    const own = service.isLinkValid === undefined ? null : ownPath(result.object, url);
    return { status: 201, body: { url, path: own, expiresAt: isoUtc(until) } };
  },
});

/** The query has everything that the signature covers. */
const ownPath = (object: string, url: string): string =>
  `/objects/${object.split('/').map(encodeURIComponent).join('/')}${new URL(url).search}`;

export const openLink = defineRoute({
  name: 'openLink',
  method: 'GET',
  path: '/objects/{name*}',
  summary: 'What a link leads to.',
  doc: 'The service makes these links, also for notifications. They are signed, so a link cannot be changed to reach another file.',
  scope: null,
  takes: {
    path: z.object({ name: z.string().min(1).max(1000).describe('The object.') }),
    query: z.object({
      expires: z.coerce.number().int().describe('In ms since 1970 UTC.'),
      file: z.string().max(300).default('').describe('The name under which the file is saved.'),
      signature: z.string().max(100),
    }),
    headers: RANGE,
  },
  isLong: true,
  mostAtOnce: 20,
  answers: FILE_ANSWERS,
  async run({ path, query, headers, isHead }, service) {
    const { objects, clock, isLinkValid } = service;
    const { name } = path;
    const isValid = isLinkValid?.({ name, ...query }, clock.now()) === true;
    const info = isValid ? await objects.head(name) : undefined;
    if (info === undefined) throw new TributaryError('NOT_FOUND', 'the link has expired or is incomplete: get another');
    const { bytes, modifiedAt } = info;
    const file = query.file || (name.split('/').at(-1) as string);
    if (!isHead) service.audit({ user: 'link', tenant: '' }, { action: 'open link', request: name });
    return sentFile(
      { name, bytes, etag: `"${bytes.toString(36)}-${modifiedAt.toString(36)}"`, file },
      { headers, isHead },
      objects,
    );
  },
});
