/** Queries over the datasources of a platform, with the configured engine and objects. */
import { TributaryError } from '../../core/errors.ts';
import { relationOf } from '../../reports/relations.ts';
import { sourceOf } from '../../reports/runtime/datasource-source.ts';
import { type CurrentGeneration, currentGeneration, tableName } from '../../reports/runtime/generations.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import type { QueryEngine } from '../../sinks/query/port.ts';
import { isEmbedded } from '../config/urls.ts';
import { absentText } from './absent.ts';
import { hasData, type Lake, openerOf, type Shared } from './openers.ts';
import type { Setup } from './wiring.ts';

/** Opens only the objects and the engine, so that other processes may have the data folder. Throws NOT_FOUND if there are no data. */
export async function openQuery({ config, platform }: Setup): Promise<QueryEngine> {
  if (isEmbedded(config.objects) && !hasData(config.data)) {
    throw new TributaryError('NOT_FOUND', absentText(config.data));
  }
  const shared = withoutDatabase(config);
  const objects = await openerOf('objects', config.objects)(shared, config.objects);
  try {
    const engine = await openEngine({ config, platform }, objects);
    return { ...engine, close: () => engine.close().finally(() => objects.close()) };
  } catch (error) {
    await objects.close();
    throw error;
  }
}

/** Only the engine, over objects that are already open. */
export function openEngine({ config, platform }: Setup, objects: Objects): Promise<QueryEngine> {
  const lake = lakeOf(objects, platform.datasources);
  return openerOf('query', config.query)({ ...withoutDatabase(config), lake }, config.query);
}

const withoutDatabase = (config: Setup['config']): Shared => ({
  config,
  database() {
    throw new Error('queries need no database');
  },
});

function lakeOf(objects: Objects, datasources: Setup['platform']['datasources']): Lake {
  const prefixes = new Map(datasources.map((each) => [each.name, sourceOf(each).prefix]));
  const known = new Map<string, CurrentGeneration>();
  return {
    objects,
    relations: datasources.map(relationOf),
    async currentTable(name) {
      const prefix = prefixes.get(name);
      if (prefix === undefined) return undefined;
      const current = await currentGeneration(objects, prefix, known.get(name));
      known.set(name, current);
      return tableName(prefix, current.generation);
    },
  };
}
