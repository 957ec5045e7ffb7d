import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordSchema } from '../../../../core/avro.ts';
import { hasPersonal, withoutPersonal } from '../../../../reports/service/projections/records.ts';

const contact: RecordSchema = {
  type: 'record',
  name: 'Contact',
  fields: [
    { name: 'kind', type: 'string', doc: 'mail, for example.' },
    { name: 'address', type: 'string', doc: 'Where it leads.', personal: true },
  ],
};
const record: RecordSchema = {
  type: 'record',
  name: 'Person',
  fields: [
    { name: 'id', type: 'string', doc: 'The person.' },
    { name: 'name', type: 'string', doc: 'The name.', personal: true },
    { name: 'main', type: ['null', contact], doc: 'The first contact.' },
    { name: 'all', type: { type: 'array', items: contact }, doc: 'All contacts.' },
    { name: 'byKind', type: { type: 'map', values: contact }, doc: 'The same by kind.' },
  ],
};

test('personal fields are left out of records, lists and maps within a record', () => {
  const ada = { kind: 'mail', address: 'ada@example.org' };
  const found = { id: 'ada', name: 'Ada', main: ada, all: [ada], byKind: { mail: ada } };
  const bare = { kind: 'mail' };
  const expected = { id: 'ada', main: bare, all: [bare], byKind: { mail: bare } };
  assert.deepEqual(withoutPersonal({ record }, found), expected);
  assert.deepEqual(withoutPersonal({ record }, { ...found, main: null }), { ...expected, main: null });
  assert.equal(found.name, 'Ada');
});

test('a record has personal data if a record within it has some', () => {
  const field = { name: 'all', type: { type: 'array', items: contact }, doc: 'All contacts.' } as const;
  assert.equal(hasPersonal({ record: { ...record, fields: [field] } }), true);
  assert.equal(hasPersonal({ record: { ...contact, fields: contact.fields.slice(0, 1) } }), false);
});
