/** Figures of datasources, by typed questions and never SQL. */
import { z } from 'zod';
import type { Datasource } from '../../define-datasource.ts';
import { needRole } from '../roles.ts';
import { dimensionColumn, listedMetrics, MOST_ROWS, querySchema, rollupQuery, rollupRows } from '../rollups.ts';
import { defineRoute, type Route } from '../route.ts';
import { datasourceShape, figureColumn } from '../shapes.ts';

const day = z.iso.date().nullable().default(null);

const queryBody = z.strictObject({
  every: z.enum(['day', 'week', 'month']).nullable().default(null).describe('Null: all time is one period.'),
  zone: z.string().max(100).default('UTC').describe('The IANA time zone of the days.'),
  by: z.array(z.string().max(100)).max(20).default([]).describe('The dimensions to group by.'),
  metrics: z.array(z.string().max(100)).max(100).nullable().default(null).describe('Null: all.'),
  first: day.describe('The first day, with `last`.'),
  last: day.describe('The last day.'),
  filter: z
    .record(z.string().max(100), z.array(z.union([z.string().max(300), z.number(), z.boolean(), z.null()])).max(100))
    .default({})
    .describe('The values to include, by dimension. Null means unknown.'),
  limit: z.int().min(1).max(MOST_ROWS).default(1000).describe('The maximum number of rows.'),
});

const answerShape = z
  .object({
    columns: z.array(z.object(figureColumn)),
    rows: z.array(z.array(z.unknown())).describe('In the order of period and dimensions.'),
    more: z.boolean().describe('Whether there are more rows.'),
  })
  .meta({ id: 'Figures' });

export const listDatasources = defineRoute({
  name: 'listDatasources',
  method: 'GET',
  path: '/v1/datasources',
  summary: 'The datasources, with their dimensions and metrics.',
  scope: 'rollups:read',
  answers: { 200: { doc: 'The datasources.', body: z.object({ datasources: z.array(datasourceShape) }) } },
  async run(_call, { datasources }) {
    const shown = datasources.map((datasource) => {
      const { name, title, about, dimensions } = datasource;
      return { name, title, about, dimensions: dimensions.map(dimensionColumn), metrics: listedMetrics(datasource) };
    });
    return { status: 200, body: { datasources: shown } };
  },
});

/** A route for each datasource, so that generated clients know its names. */
export const queryDatasource = (datasource: Datasource): Route =>
  defineRoute({
    name: `query_${datasource.name.replaceAll('-', '_')}`,
    method: 'POST',
    path: `/v1/datasources/${datasource.name}/query`,
    summary: `${datasource.title}, by period and dimension.`,
    doc: datasource.about,
    scope: 'rollups:read',
    takes: { body: queryBody },
    bodySchema: querySchema(datasource, z.toJSONSchema(queryBody, { io: 'input' })),
    mostAtOnce: 4,
    answers: { 200: { doc: 'The figures.', body: answerShape } },
    async run({ caller, body, signal }, service) {
      needRole(caller, 'analyst', 'have figures');
      const { sql, columns } = rollupQuery(datasource, body, caller);
      const { dimensions } = datasource;
      const personal = dimensions.some(
        (each) => each.personal && (body.by.includes(each.name) || each.name in body.filter),
      );
      if (personal) service.audit(caller, { action: 'query', datasource: datasource.name, personal });
      const found = await rollupRows(await service.sources.query(), sql, body.limit, signal);
      return { status: 200, body: { columns, ...found } };
    },
  });
