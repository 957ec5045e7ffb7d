/** Saves the file of a request, or its description: complete and with a verified checksum, or not at all. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reportSources } from '../../../app/reports/sources.ts';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import { partialName } from '../../../files/partials.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { checkConsent, checkRoles, resultAt } from '../../../reports/requesting/allowed.ts';
import { reportNamed } from '../../../reports/requesting/named.ts';
import type { Request, Result } from '../../../sinks/requests/port.ts';
import type { Context } from '../../context.ts';
import { usage } from '../../errors.ts';

interface Saving {
  /** A path, or - for the standard output. */
  readonly out: string;
  readonly roles: readonly string[];
  /** Saves the description of the file instead. */
  readonly about?: boolean;
}

export async function save(context: Context, request: Request, { out, roles, about }: Saving): Promise<void> {
  const result = await allowedResult(context, request, roles);
  const bytes = about ? await describing(context, request, result) : checkedBytes(context, result);
  if (out === '-') {
    for await (const chunk of bytes) {
      context.signal.throwIfAborted();
      if (!context.stdout.write(chunk)) await once(context.stdout, 'drain', { signal: context.signal });
    }
    return;
  }
  const partial = join(dirname(out), `.${partialName()}`);
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      await file.writeFile(bytes, { signal: context.signal });
    } finally {
      await file.close();
    }
    await rename(partial, out);
  } catch (error) {
    await rm(partial, { force: true });
    context.signal.throwIfAborted();
    if (error instanceof TributaryError) throw error;
    throw usage(`${out} cannot be written: ${messageOf(error)}`);
  }
}

/** The result, if a caller with these roles may have it. Roles and consents are checked again for every download. */
export async function allowedResult(
  { wired }: Pick<Context, 'wired'>,
  request: Request,
  roles: readonly string[],
): Promise<Result> {
  const result = resultAt(request, systemClock.now());
  const report = reportNamed(request.report, wired.platform.reports);
  checkRoles(report, request, roles);
  await checkConsent(report, request, result, reportSources(wired).reads(request.tenant));
  return result;
}

async function describing(
  { wired }: Context,
  { id }: Request,
  { companion }: Result,
): Promise<AsyncIterable<Uint8Array>> {
  if (companion !== null) return wired.objects.get(companion);
  throw usage(`the description of the file of ${id} is in its archive, as about.json: download the file`);
}

async function* checkedBytes({ wired }: Context, { object, checksum }: Result): AsyncGenerator<Uint8Array> {
  const sum = createHash('sha256');
  for await (const chunk of await wired.objects.get(object)) {
    sum.update(chunk);
    yield chunk;
  }
  if (sum.digest('hex') === checksum) return;
  throw new TributaryError(
    'STORE_BROKEN',
    `the object ${object} is not what was written: run the report again with --max-age 0`,
  );
}
