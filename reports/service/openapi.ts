/** The OpenAPI 3.1 document of routes, derived from their declarations alone. */
import { z } from 'zod';
import { camelCase } from './names.ts';
import type { JsonSchema } from './parameter-schema.ts';
import type { Route } from './route.ts';
import { problemShape } from './shapes.ts';

interface Named {
  readonly routes: readonly Route[];
  readonly version: string;
}

/** Answers that any route may give besides its declared ones. */
const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'The request is wrong, or takes too long. Each problem names its field.',
  401: 'Nobody has signed in, or the token or key is not valid.',
  403: 'The caller may not do this.',
  404: 'There is no such thing, or it is not the caller’s.',
  409: 'The state of the object does not allow this, or the name is taken.',
  413: 'The body is too large.',
  415: 'The address does not accept this type of body.',
  416: 'There is no such range.',
  429: 'Too many requests: `retry-after` says when to try again.',
  500: 'An error of the service.',
  503: 'A server that is needed does not answer: try again.',
};

/** The problem statuses that a route may answer with. */
export function problemStatusesOf({ method, scope, takes, answers, path, mayConflict }: Route): readonly number[] {
  const statuses = [400, 404, 429, 500, 503];
  if (scope !== null) statuses.push(401, 403);
  if (mayConflict === true) statuses.push(409);
  if (method !== 'GET' || takes.body !== undefined) statuses.push(413, 415);
  if (206 in answers || path.includes('*')) statuses.push(416);
  return statuses.sort((a, b) => a - b);
}

export function openApiOf({ routes, version }: Named): JsonSchema {
  const schemas: Record<string, JsonSchema> = {};
  const schemaOf = (shape: z.ZodType, io: 'input' | 'output' = 'output'): JsonSchema => {
    // Inside another schema, a named schema becomes a reference.
    const { properties, $defs = {} } = z.toJSONSchema(z.object({ it: shape }), { io });
    for (const [name, each] of Object.entries($defs)) schemas[name] = moved(withoutId(each));
    return moved((properties as Readonly<Record<string, JsonSchema>>)['it'] as JsonSchema);
  };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll('*}', '}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemaOf) };
  }
  schemaOf(problemShape);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tributary',
      version,
      description:
        'A learning platform: its reports and figures, the records that services read, and the events that they produce.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([status, doc]) => [`Problem${status}`, problemResponse(doc)]),
      ),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token of an OIDC provider, or an API key.' },
      },
    },
  };
}

type SchemaOf = (shape: z.ZodType, io?: 'input' | 'output') => JsonSchema;

const problemResponse = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

function operationOf(route: Route, schemaOf: SchemaOf): JsonSchema {
  const { name, summary, doc, scope, takes, answers, bodySchema, bodyTypes } = route;
  const statuses = problemStatusesOf(route);
  const body = takes.body === undefined ? undefined : (bodySchema ?? schemaOf(takes.body, 'input'));
  const content = bodyTypes ? schemasOf(bodyTypes, schemaOf) : body && { 'application/json': body };
  const needsBody = bodyTypes !== undefined || takes.body?.safeParse(undefined).success === false;
  return {
    operationId: camelCase(name),
    tags: [tagOf(route)],
    summary,
    ...(doc !== undefined && { description: doc }),
    ...(scope === null ? { security: [] } : { 'x-scope': scope }),
    parameters: [
      ...parametersOf(takes.path, 'path', schemaOf),
      ...parametersOf(takes.query, 'query', schemaOf),
      ...Object.entries(takes.headers ?? {}).map(([header, description]) => ({
        name: header,
        in: 'header',
        description,
        schema: { type: 'string' },
      })),
    ],
    ...(content && { requestBody: { required: needsBody, content: contentOf(content) } }),
    responses: Object.fromEntries([
      ...Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, schemaOf)]),
      ...statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]),
    ]),
  };
}

/** The name that generated clients use for the file or class of an operation: for `/v1/reports/…` it is `reports`. */
const tagOf = ({ path }: Route): string => path.split('/')[path.startsWith('/v1/') ? 2 : 1] ?? '';

const schemasOf = (types: NonNullable<Route['bodyTypes']>, schemaOf: SchemaOf) =>
  Object.fromEntries(Object.entries(types).map(([type, shape]) => [type, schemaOf(shape, 'input')]));

const contentOf = (types: Readonly<Record<string, JsonSchema>>) =>
  Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]));

function answerOf({ doc, body, type, headers }: Route['answers'][number], schemaOf: SchemaOf): JsonSchema {
  const content =
    body !== undefined
      ? { 'application/json': { schema: schemaOf(body) } }
      : type !== undefined && { [type]: { schema: { type: 'string' } } };
  const named = Object.entries(headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return {
    description: doc,
    ...(named.length > 0 && { headers: Object.fromEntries(named) }),
    ...(content && { content }),
  };
}

function parametersOf(shape: z.ZodObject | undefined, where: 'path' | 'query', schemaOf: SchemaOf): JsonSchema[] {
  return Object.entries(shape?.shape ?? {}).map(([name, each]) => {
    const { description, ...schema } = schemaOf(each as z.ZodType, 'output');
    const isRequired = where === 'path' || !(each as z.ZodType).safeParse(undefined).success;
    return { name, in: where, required: isRequired, ...(description !== undefined && { description }), schema };
  });
}

const withoutId = ({ id: _, ...schema }: JsonSchema): JsonSchema => schema;

/** With references to the components of the document. */
const moved = (schema: JsonSchema): JsonSchema =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
