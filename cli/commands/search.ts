/** `tributary search`: documents by words and exact values. */
import { isNullable, type Schema } from '../../schemas/avro.ts';
import type { IndexDef } from '../../schemas/target.ts';
import { hint } from '../config.ts';
import { print, printJson, type Run } from '../context.ts';
import { usage } from '../errors.ts';
import { found } from '../names.ts';
import { shownLine } from '../shown.ts';
import { indexesOf } from '../wire.ts';

interface Args {
  readonly index: string;
  readonly words: string;
  readonly filter: readonly string[];
  readonly tenant: string;
  readonly limit: number;
  readonly after: string | null;
  readonly json: boolean;
}

export const run: Run<Args> = async (context, { index: name, words, filter, tenant, limit, after, json }) => {
  const index = found('index', name, indexesOf(context.wired.jobs));
  const values = Object.fromEntries(filter.map((each) => filterOf(index, each)));
  const page = await context.wired.stores.search.search(index, {
    tenant,
    words,
    filter: values,
    limit,
    after: after ?? undefined,
  });
  if (json) {
    await printJson(context, { total: page.total, items: page.items, next: page.next ?? null });
    return undefined;
  }
  for (const document of page.items) await print(context, JSON.stringify(document));
  context.stderr.write(`${page.items.length} of ${page.total} found\n`);
  if (page.next !== undefined) context.stderr.write(`more with --after ${shownLine(page.next)}\n`);
  return undefined;
};

function filterOf(index: IndexDef, text: string): [string, string | number | boolean] {
  const at = text.indexOf('=');
  if (at < 1) throw usage(`--filter ${text}: give a field and a value, as in state=completed`);
  const name = text.slice(0, at);
  const value = text.slice(at + 1);
  const fields = index.record.fields.filter(
    (field) => !index.text.includes(field.name) && kindOf(field.type) !== undefined,
  );
  const field = fields.find((each) => each.name === name);
  if (field === undefined)
    throw usage(
      `--filter ${text}: ${index.name} has no field ${name} to filter by${hint(
        name,
        fields.map((each) => each.name),
      )}`,
    );
  const kind = kindOf(field.type);
  if (kind === 'string') return [name, value];
  if (kind === 'boolean' && (value === 'true' || value === 'false')) return [name, value === 'true'];
  if (kind === 'number' && value.trim() !== '' && Number.isFinite(Number(value))) return [name, Number(value)];
  throw usage(`--filter ${text}: ${name} is ${kind === 'boolean' ? 'true or false' : 'a number'}`);
}

/** What a value of the field is, or of its items; undefined for what cannot be compared. */
function kindOf(schema: Schema): 'string' | 'number' | 'boolean' | undefined {
  if (isNullable(schema)) return kindOf(schema[1]);
  if (typeof schema === 'string') {
    if (schema === 'string' || schema === 'boolean') return schema;
    return schema === 'int' || schema === 'long' || schema === 'double' ? 'number' : undefined;
  }
  if (schema.type === 'enum') return 'string';
  return schema.type === 'array' ? kindOf(schema.items) : undefined;
}
