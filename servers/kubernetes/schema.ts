/** Turns Kubernetes' own schemas of its objects into JSON Schemas that refuse every undeclared field. Pure functions. */

interface Schema {
  readonly [keyword: string]: unknown;
}
export type Definitions = Readonly<Record<string, Schema>>;

/** The parts of a CRD that are used here. */
export interface CustomResource {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

interface KindId {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The schema of a kind, with every definition it refers to. */
export function kindSchema(definitions: Definitions, id: KindId): Schema {
  const found = Object.entries(definitions).find(([, schema]) =>
    (schema['x-kubernetes-group-version-kind'] as KindId[] | undefined)?.some(
      ({ group, version, kind }) => group === id.group && version === id.version && kind === id.kind,
    ),
  );
  if (found === undefined) throw new Error(`Kubernetes has no ${id.kind} in ${id.group}/${id.version}`);
  const used = new Set([found[0]]);
  // The set grows during the loop.
  for (const name of used) for (const other of referredTo(definitions[name])) used.add(other);
  return {
    $ref: `#/definitions/${found[0]}`,
    definitions: Object.fromEntries([...used].map((name) => [name, strict(definitions[name] as Schema)])),
  };
}

/** One schema for each version. */
export function customSchemas({ spec: { group, names, versions } }: CustomResource) {
  return versions.map(({ name, schema: { openAPIV3Schema } }) => {
    const properties = {
      ...(openAPIV3Schema['properties'] as object),
      apiVersion: { const: `${group}/${name}` },
      kind: { const: names.kind },
      metadata: { type: 'object' },
    };
    return {
      file: `${group}/${names.kind.toLowerCase()}_${name}.json`,
      schema: strict({ ...openAPIV3Schema, properties }),
    };
  });
}

function referredTo(value: unknown): string[] {
  return [...JSON.stringify(value).matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, name = '']) => name);
}

/** Objects with declared fields accept no others. A value that may be an integer or a string is expressed differently. */
function strict(value: Schema): Schema {
  const properties = value['properties'];
  const isOpen =
    typeof properties !== 'object' ||
    'additionalProperties' in value ||
    value['x-kubernetes-preserve-unknown-fields'] === true;
  const inner = Object.entries(value).map(([keyword, inside]) => [keyword, strictInside(keyword, inside)]);
  const schema = Object.fromEntries(inner) as Record<string, unknown>;
  if (value['format'] === 'int-or-string' || value['x-kubernetes-int-or-string'] === true) {
    delete schema['type'];
    delete schema['format'];
    schema['type'] = ['integer', 'string'];
  }
  return isOpen ? schema : { ...schema, additionalProperties: false };
}

function strictInside(keyword: string, inside: unknown): unknown {
  if (keyword === 'properties') {
    const fields = Object.entries(inside as Readonly<Record<string, Schema>>);
    return Object.fromEntries(fields.map(([name, field]) => [name, strict(field)]));
  }
  if (keyword !== 'items' && keyword !== 'additionalProperties') return inside;
  return typeof inside === 'object' && inside !== null ? strict(inside as Schema) : inside;
}
