/** The registry client on a real registry. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { certificates } from '../../servers/certificates.ts';
import { startRegistry } from '../../servers/registry.ts';
import { confluentRegistry } from '../../topics/confluent/registry.ts';
import { registryContract } from '../contracts/registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-registry-'));
const server = await startRegistry({ folder });
after(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});
const { url } = server;

registryContract('confluent registry', async (t) => {
  const registry = confluentRegistry({ url });
  t.after(() => registry.close());
  return registry;
});

const schemaOf = (...fields: object[]) =>
  JSON.stringify({
    type: 'record',
    name: 'Placed',
    namespace: 'shop',
    fields: [{ name: 'id', type: 'string' }, ...fields],
  });
const total = { name: 'total', type: 'int' };

async function put(path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}${path}`, { method: 'PUT', headers, body: JSON.stringify(body) });
  assert.equal(response.status, 200, await response.text());
}

test('a schema that cannot read existing ones is fatal, and the message names its subject', async (t) => {
  const registry = confluentRegistry({ url });
  t.after(() => registry.close());
  const subject = `${randomUUID()}-shop.Placed`;
  const id = await registry.register(subject, schemaOf());
  await put(`/config/${subject}`, { compatibility: 'BACKWARD' });
  await assert.rejects(registry.register(subject, schemaOf(total)), (error: Error & { code: string; kind: string }) => {
    assert.equal(error.code, 'DECLARATION_INVALID');
    assert.equal(error.kind, 'fatal');
    assert.ok(error.message.startsWith(`registering a schema under ${subject}: it is not compatible`), error.message);
    return true;
  });
  const next = await registry.register(subject, schemaOf({ ...total, default: 0 }));
  assert.notEqual(next, id);
});

test('an invalid Avro schema is fatal', async (t) => {
  const registry = confluentRegistry({ url });
  t.after(() => registry.close());
  await assert.rejects(registry.register(`${randomUUID()}-shop.Placed`, '{"type":"nonsense"}'), {
    code: 'DECLARATION_INVALID',
  });
});

test('subjects can have all characters of names of topics and records', async (t) => {
  const registry = confluentRegistry({ url });
  t.after(() => registry.close());
  const subject = `Team_1.orders-${randomUUID()}/x y-shop.v1.Placed`;
  const id = await registry.register(subject, schemaOf());
  const other = confluentRegistry({ url });
  t.after(() => other.close());
  assert.equal(await other.register(subject, schemaOf()), id);
});

test('ids that no registry assigns have no schema', async (t) => {
  const registry = confluentRegistry({ url });
  t.after(() => registry.close());
  for (const id of [0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) assert.equal(await registry.schema(id), undefined);
});

test('over TLS it is verified by its authority, and by no other', async (t) => {
  const files = certificates(join(folder, 'tls'));
  const proxy = createServer({ key: readFileSync(files.key), cert: readFileSync(files.cert) }, (request, response) => {
    fetch(url + request.url)
      .then(async (answer) => response.writeHead(answer.status).end(await answer.text()))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const secure = `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const plain = confluentRegistry({ url });
  const id = await plain.register(`${randomUUID()}-a`, '"long"');
  const known = confluentRegistry({ url: secure, ca: readFileSync(files.ca, 'utf8') });
  const unknown = confluentRegistry({ url: secure });
  t.after(() => Promise.all([plain, known, unknown].map((registry) => registry.close())));
  assert.equal(await known.schema(id), '"long"');
  await assert.rejects(unknown.schema(id), { code: 'ACCESS_REFUSED', message: /certificate/ });
});
