/** Commands for the HTTP service, and for the keys with which programs call it. */
import { InvalidArgumentError } from 'commander';
import { ROLES, SCOPES } from '../../reports/rights.ts';
import { callerCommand, command, one, preset, values } from '../descriptor.ts';
import { csv, json, tenant, whole } from '../options.ts';

const name = one('name');

export const serve = command('serve', {
  description:
    'Run the HTTP service until it is stopped. `up` runs it, too, if servePort is configured. Use `up` with a data folder, which only one process can use.',
  examples: ['serve --serve-port 8080 --metrics-port 9464'],
  prepares: 'nothing',
  makesFolder: true,
  runsHere: true,
  load: () => import('../commands/serve.ts'),
});

export const addKey = callerCommand('key add', {
  description: 'Create an API key and print it. Only its hash is stored, so it cannot be shown again.',
  examples: ['key add nightly-export --role analyst --scope reports:read --days 30'],
  operands: { name },
  options: {
    tenant,
    role: values('role', 'a role of the key; may be repeated (default: analyst)', {
      parse: among(ROLES),
      names: ROLES,
    }),
    scope: values('scope', 'what the key may be used for; may be repeated (default: all)', {
      parse: among(SCOPES),
      names: SCOPES,
    }),
    days: preset('n', 'how many days the key is valid', 90, whole),
  },
  args: ({ role, scope, ...others }) => ({
    ...others,
    roles: role.length === 0 ? ['analyst'] : role,
    scopes: scope,
  }),
  load: () => import('../commands/key/add.ts'),
});

export const listKeys = callerCommand('key list', {
  description: 'List the API keys, without their secrets.',
  examples: ['key list'],
  options: { json, csv },
  args: (values, { colors }) => ({ ...values, colors }),
  load: () => import('../commands/key/list.ts'),
});

export const removeKey = callerCommand('key remove', {
  description: 'Remove an API key. The service refuses it from the next call on.',
  examples: ['key remove nightly-export'],
  operands: { name },
  load: () => import('../commands/key/remove.ts'),
});

function among(names: readonly string[]): (text: string) => string {
  return (text) => {
    if (names.includes(text)) return text;
    throw new InvalidArgumentError(`Give one of ${names.join(', ')}.`);
  };
}
