/** The files of the chart that are derived from a platform, by their paths in the chart. */
import { stringify } from 'yaml';
import type { Platform } from '../modules/define.ts';
import { dashboards } from './dashboards/index.ts';
import { valuesSchema } from './values-schema.ts';
import { workloadsOf } from './workloads.ts';

const MADE = '# Made from the declarations by `npm run k8s`: change those.\n';

export function filesOf(platform: Platform): Readonly<Record<string, string>> {
  const workloads = workloadsOf(platform);
  return {
    'files/workloads.yaml': MADE + stringify(workloads, { aliasDuplicateObjects: false }),
    'values.schema.json': json(valuesSchema(workloads)),
    ...Object.fromEntries(
      Object.entries(dashboards).map(([file, model]) => [`files/dashboards/${file}.json`, json(model)]),
    ),
  };
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
