/** Datasources as queries see them. */
import type { Relation, StoredColumn } from '../sinks/query/port.ts';
import { DATE, keyColumns, layoutOf, segmentColumns } from './columns.ts';
import { type Datasource, pointName } from './define-datasource.ts';
import { viewSql } from './sql/finish.ts';

/** A view with the name of the datasource, and the rows of its segments as that name with `__rollup`. */
export function relationOf(datasource: Datasource): Relation {
  const { name, title } = datasource;
  return {
    name,
    title,
    columns: [DATE, ...keyColumns(datasource), ...finishedColumns(datasource)],
    view: (from) => viewSql(datasource, from),
    stored: `${name}__rollup`,
    layout: layoutOf(datasource),
  };
}

/** The expressions of the metrics in the view, with sketches finished. */
function finishedColumns(datasource: Datasource): StoredColumn[] {
  return datasource.metrics.flatMap((metric): StoredColumn[] => {
    const { name, doc, unit } = metric;
    if (metric.kind === 'distinct') return [{ name, type: 'long', nullable: true, doc, unit }];
    if (metric.kind !== 'quantile') return segmentColumns(datasource).filter((column) => column.name === name);
    return metric.points.map((point): StoredColumn => {
      const at = `${doc} ${Math.round(point * 100)} % of the values are at or below this value.`;
      return { name: pointName(name, point), type: 'double', nullable: true, doc: at, unit };
    });
  });
}
