/** `tributary report list`. */
import type { Run } from '../../context.ts';
import { type Form, printListing } from '../../output/listing.ts';

export const run: Run<Form> = async (context, form) => {
  const { reports } = context.wired.platform;
  const rows = reports.map(({ name, title, role, parameters }) => [name, title, parametersOf(parameters), role]);
  const json = reports.map(({ name, title, answers, version, role, protection }) => {
    return { name, title, answers, version, role, protection };
  });
  await printListing(context, form, { head: ['report', 'title', 'parameters', 'role'], rows, json });
  return undefined;
};

/** Optional parameters are in brackets. */
const parametersOf = (parameters: Readonly<Record<string, { optional?: true; default?: unknown }>>): string =>
  Object.entries(parameters)
    .map(([name, spec]) => (spec.optional || 'default' in spec ? `[${name}]` : name))
    .join(' ');
