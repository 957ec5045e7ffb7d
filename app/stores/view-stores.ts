/** The names of the stores that have views, and the kind of target in each. */
import type { Target } from '../../core/target.ts';

export const VIEW_STORES = { cache: 'cache', search: 'index', tables: 'table' } as const satisfies Record<
  string,
  Target['kind']
>;
export type ViewStore = keyof typeof VIEW_STORES;
