/** What a page must know before it shows anything: how to sign in, and who has signed in. */
import { z } from 'zod';
import { ROLES, SCOPES } from '../../rights.ts';
import { defineRoute } from '../route.ts';

const signInShape = z
  .object({
    access: z
      .enum(['local', 'signed-in'])
      .describe('local: every user of the machine that runs the service is signed in.'),
    providers: z
      .array(
        z.object({
          issuer: z.string().describe('The OpenID Connect provider, which is found by discovery.'),
          client: z
            .string()
            .describe('The client id of the page at the provider: a public client, for the code flow with PKCE.'),
          scope: z.string().describe('The scopes to request from the provider.'),
        }),
      )
      .describe('Where people sign in.'),
  })
  .meta({ id: 'SignIn' });

const sessionShape = z
  .object({
    user: z.string(),
    tenant: z.string(),
    roles: z.array(z.enum(ROLES)),
    scopes: z.array(z.enum(SCOPES)),
    zone: z.string().nullable().describe('The default time zone. Null: the time zone of the reader.'),
    version: z.string().describe('The version of the service.'),
  })
  .meta({ id: 'Session' });

export const getSignIn = defineRoute({
  name: 'getSignIn',
  method: 'GET',
  path: '/v1/sign-in',
  summary: 'How to sign in.',
  scope: null,
  answers: { 200: { doc: 'What the service is configured with. Nothing of it is secret.', body: signInShape } },
  async run(_call, { about }) {
    return { status: 200, body: about.signIn };
  },
});

export const getSession = defineRoute({
  name: 'getSession',
  method: 'GET',
  path: '/v1/session',
  summary: 'Who calls, and what they may do.',
  scope: 'any',
  answers: { 200: { doc: 'The caller.', body: sessionShape } },
  async run({ caller: { user, tenant, roles, scopes } }, { about: { zone, version } }) {
    return { status: 200, body: { user, tenant, roles, scopes, zone, version } };
  },
});
