/**
 * Stores whose reads name the job that makes a missing table or index. A process makes tables and indexes when it starts, but an
 * administrator of a store may since have dropped one, or have revoked the right to make it.
 */
import { kindOf, TributaryError } from '../../core/errors.ts';
import type { Target } from '../../core/target.ts';
import type { Job } from '../../jobs/define.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';

const COMMANDS = { table: 'tables apply', index: 'indexes apply' } as const;
type Kept = Extract<Target, { kind: keyof typeof COMMANDS }>;

/** Reads of missing tables and indexes throw CONFIG_INVALID. */
export function explaining(stores: Stores, jobs: readonly Pick<Job, 'name' | 'row' | 'views'>[]): Stores {
  const { tables, search } = stores;
  const isMissing = async (target: Kept): Promise<boolean> => {
    const missing = target.kind === 'table' ? tables.missing([target]) : search.missing([target]);
    return (await missing.catch(() => [])).length > 0;
  };
  const explained = async <T>(target: Kept, read: Promise<T>): Promise<T> => {
    try {
      return await read;
    } catch (error) {
      if (kindOf(error) !== 'fatal' || !(await isMissing(target))) throw error;
      throw new TributaryError('CONFIG_INVALID', missingText(target, jobs), { cause: error });
    }
  };
  return {
    ...stores,
    tables: withCalls(tables, {
      select: (table, ...rest) => explained(table, tables.select(table, ...rest)),
      read: (table, ...rest) => explained(table, tables.read(table, ...rest)),
    }),
    search: withCalls(search, { search: (index, ...rest) => explained(index, search.search(index, ...rest)) }),
  };
}

function missingText(target: Kept, jobs: readonly Pick<Job, 'name' | 'row' | 'views'>[]): string {
  const { kind, name } = target;
  const job = jobs.find(({ row, views }) => row === target || views.some(({ into }) => into === target));
  const maker = job === undefined ? '' : `the job ${job.name} makes it when it begins, or `;
  return `the ${kind} ${name} is not there, or not as it is declared: ${maker}the operator runs \`tributary ${COMMANDS[kind]}\``;
}

/** The port with some of its calls replaced. */
const withCalls = <P extends object>(port: P, calls: Partial<P>): P =>
  new Proxy(port, {
    get(target, name) {
      const value: unknown = calls[name as keyof P] ?? Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
