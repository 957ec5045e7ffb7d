/** Grafana dashboards as values. A dashboard has rows of panels; the position of each panel follows from their order. */

/** The unit of the fields of a panel, as named in Grafana. */
type Unit = 'short' | 's' | 'bytes' | 'percentunit' | 'ops' | 'none';

export interface Query {
  /** In PromQL. */
  readonly expr: string;
  /** The name of a line, such as `{{job}}`. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** For readers who do not know the metric. */
  readonly about: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** One number instead of lines. It is red from this threshold on. */
  readonly stat?: { readonly redFrom: number };
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly rows: readonly Row[];
}

/** Grafana's grid: a dashboard is 24 wide. */
const WIDTH = 24;
const SIZES = { stat: { w: 4, h: 4 }, timeseries: { w: 8, h: 8 } } as const;
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

/** The model to import into Grafana, for versions from 10 on. */
export function dashboardModel({ uid, title, about, rows }: Dashboard): object {
  return {
    uid,
    title,
    description: about,
    tags: ['tributary'],
    schemaVersion: 39,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    links: [{ type: 'dashboards', title: 'Tributary', tags: ['tributary'], asDropdown: true, keepTime: true }],
    templating: { list: [datasource, namespace] },
    panels: laidOut(rows),
  };
}

const datasource = { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' };
const namespace = {
  name: 'namespace',
  label: 'Namespace',
  type: 'query',
  datasource: DATASOURCE,
  query: { qryType: 1, query: 'label_values(tributary_build_info, namespace)', refId: 'namespaces' },
  refresh: 2,
  sort: 1,
};

function laidOut(rows: readonly Row[]): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    panels.push({ id: panels.length + 1, type: 'row', title: row.title, gridPos: { x: 0, y, w: WIDTH, h: 1 } });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of row.panels) {
      const { w, h } = SIZES[panel.stat === undefined ? 'timeseries' : 'stat'];
      if (x + w > WIDTH) {
        x = 0;
        y += height;
      }
      panels.push({ id: panels.length + 1, gridPos: { x, y, w, h }, ...panelModel(panel) });
      x += w;
      height = h;
    }
    y += height;
  }
  return panels;
}

function panelModel({ title, about, unit, queries, stat }: Panel): object {
  const targets = queries.map(({ expr, legend }, at) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + at),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    ...(stat !== undefined && { instant: true, range: false }),
  }));
  const common = { title, description: about, datasource: DATASOURCE, targets };
  if (stat === undefined) {
    return {
      ...common,
      type: 'timeseries',
      fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 10, showPoints: 'never' } }, overrides: [] },
      options: {
        legend: {
          displayMode: 'table',
          placement: 'bottom',
          calcs: ['lastNotNull', 'max'],
          sortBy: 'Max',
          sortDesc: true,
        },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
    };
  }
  const steps = [
    { color: 'green', value: null },
    { color: 'red', value: stat.redFrom },
  ];
  return {
    ...common,
    type: 'stat',
    fieldConfig: { defaults: { unit, thresholds: { mode: 'absolute', steps } }, overrides: [] },
    options: { colorMode: 'background', graphMode: 'none', reduceOptions: { calcs: ['lastNotNull'] } },
  };
}
