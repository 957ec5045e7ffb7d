/** `tributary rollup druid-spec`: prints the supervisor specification with which Druid counts a datasource from its topic. */

import { found } from '../../../app/platform/names.ts';
import { type DruidAccess, druidSource } from '../../../app/reports/druid-source.ts';
import { shownLine } from '../../../app/text/shown.ts';
import { druidSpec } from '../../../reports/druid/spec.ts';
import { print } from '../../context.ts';
import type { RunForCaller } from '../../descriptor.ts';
import { setupOf } from '../../setup.ts';

export interface Args extends DruidAccess {
  readonly datasource: string;
}

export const run: RunForCaller<Args> = async (caller, streams, { datasource: name, ...access }) => {
  const { config, platform } = await setupOf(caller, streams.stderr);
  const datasource = found('datasource', name, platform.datasources);
  const { source, todo } = druidSource(config, access);
  const { spec, leftOut } = druidSpec(datasource, source);
  for (const { column, why } of leftOut) streams.stderr.write(`${shownLine(`left out: ${column}: ${why}`)}\n`);
  for (const each of todo) streams.stderr.write(`${shownLine(each)}\n`);
  await print(streams, JSON.stringify(spec, null, 2));
  return 0;
};
