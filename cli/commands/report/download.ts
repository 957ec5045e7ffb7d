/** `tributary report download`. */
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { fileNameOf } from '../../../reports/requesting/named.ts';
import { print, type Run } from '../../context.ts';
import { read } from './following.ts';
import { allowedResult, save } from './saving.ts';

interface Args {
  readonly request: string;
  readonly tenant: string;
  readonly out: string | null;
  readonly link: boolean;
  readonly about: boolean;
  readonly roles: readonly string[];
}

const LINK_MS = 3_600_000;

export const run: Run<Args> = async (context, { request: id, tenant, out, link, about, roles }) => {
  const request = await read(context, { tenant, id });
  if (link) {
    const { object, expiresAt } = await allowedResult(context, request, roles);
    const until = Math.min(expiresAt, systemClock.now() + LINK_MS);
    await print(context, await context.wired.objects.link(object, until, fileNameOf(request)));
    return undefined;
  }
  await save(context, request, { out: out ?? '-', roles, about });
  return undefined;
};
