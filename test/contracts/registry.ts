/** The contract of the registry port: see `topics/codec/registry.ts`. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type Registry, subjectOf } from '../../topics/codec/registry.ts';

/** `make` returns an open registry, and closes it after the test. It may have subjects of other tests. */
export function registryContract(name: string, make: (t: TestContext) => Promise<Registry>): void {
  const cases = (title: string, body: (registry: Registry, subject: string) => Promise<void>) => {
    test(`${name}: ${title}`, async (t) => body(await make(t), subjectOf(randomUUID(), 'shop', 'OrderPlaced')));
  };

  cases('a schema that was registered is read by its id', async (registry, subject) => {
    const id = await registry.register(subject, first);
    assert.ok(Number.isInteger(id) && id > 0 && id < 2 ** 31, `${id} fits into four bytes`);
    assert.deepEqual(JSON.parse((await registry.schema(id)) ?? 'null'), JSON.parse(first));
  });

  cases('the same schema under the same subject keeps its id', async (registry, subject) => {
    const id = await registry.register(subject, first);
    await registry.register(subject, second);
    assert.equal(await registry.register(subject, first), id);
    const [a, b] = await Promise.all([registry.register(subject, second), registry.register(subject, second)]);
    assert.equal(a, b);
  });

  cases('another version has another id, and the first is still there', async (registry, subject) => {
    const one = await registry.register(subject, first);
    const two = await registry.register(subject, second);
    assert.notEqual(one, two);
    assert.deepEqual(JSON.parse((await registry.schema(one)) ?? 'null'), JSON.parse(first));
    assert.deepEqual(JSON.parse((await registry.schema(two)) ?? 'null'), JSON.parse(second));
  });

  cases('the same schema can be registered under two subjects', async (registry, subject) => {
    const one = await registry.register(subject, first);
    const two = await registry.register(`${subject}.other`, first);
    for (const id of [one, two]) {
      assert.deepEqual(JSON.parse((await registry.schema(id)) ?? 'null'), JSON.parse(first));
    }
  });

  cases('an id that nobody was given has no schema', async (registry) => {
    assert.equal(await registry.schema(2_000_000_000), undefined);
  });
}

const fields = [{ name: 'orderId', type: 'string' }];
const schemaOf = (all: readonly unknown[]) =>
  JSON.stringify({ type: 'record', name: 'OrderPlaced', namespace: 'shop', fields: all });
const first = schemaOf(fields);
/** The same record with one more field, which has a default: compatible by any rule. */
const second = schemaOf([...fields, { name: 'note', type: ['null', 'string'], default: null }]);
