/** The columns for the fields of a record, and what a changed declaration adds to a table. No database is needed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Field, Schema } from '../../core/avro.ts';
import { codecOf, columnOf } from '../../sinks/tables/sqlite/columns.ts';
import { alterations, type FoundColumn, type Shape } from '../../sinks/tables/sqlite/shape.ts';

const pair: Schema = {
  type: 'record',
  name: 'Pair',
  fields: [
    { name: 'left', type: 'bytes', doc: '' },
    { name: 'right', type: ['null', 'int'], doc: '' },
  ],
};
const flat: Schema = { type: 'record', name: 'Flat', fields: [{ name: 'n', type: 'int', doc: '' }] };
const colour: Schema = { type: 'enum', name: 'Colour', symbols: ['red'] };
const bytes = Uint8Array.of(0, 255);

test('every schema has a column type, and its values are read back', () => {
  const cases: [Schema, string, [value: unknown, stored: unknown][]][] = [
    [
      'string',
      'TEXT',
      [
        ['', ''],
        ['x', 'x'],
      ],
    ],
    [colour, 'TEXT', [['red', 'red']]],
    ['int', 'INTEGER', [[0, 0]]],
    ['long', 'INTEGER', [[2 ** 53 - 1, 2 ** 53 - 1]]],
    ['double', 'REAL', [[0.5, 0.5]]],
    ['bytes', 'BLOB', [[bytes, bytes]]],
    [
      'boolean',
      'INTEGER',
      [
        [true, 1],
        [false, 0],
      ],
    ],
    ['null', 'JSON TEXT', [[null, null]]],
    [
      ['null', 'boolean'],
      'INTEGER',
      [
        [null, null],
        [false, 0],
      ],
    ],
    [
      ['null', 'string'],
      'TEXT',
      [
        [null, null],
        ['', ''],
      ],
    ],
    [
      ['null', colour],
      'TEXT',
      [
        [null, null],
        ['red', 'red'],
      ],
    ],
    [flat, 'JSON TEXT', [[{ n: 1 }, '{"n":1}']]],
    [
      ['null', flat],
      'JSON TEXT',
      [
        [null, null],
        [{ n: 1 }, '{"n":1}'],
      ],
    ],
    [pair, 'JSON TEXT', [[{ left: bytes, right: null }, '{"left":"AP8=","right":null}']]],
    [
      { type: 'array', items: 'int' },
      'JSON TEXT',
      [
        [[], '[]'],
        [[1, 2], '[1,2]'],
      ],
    ],
    [{ type: 'array', items: colour }, 'JSON TEXT', [[['red'], '["red"]']]],
    [{ type: 'array', items: pair }, 'JSON TEXT', [[[{ left: bytes, right: 1 }], '[{"left":"AP8=","right":1}]']]],
    [{ type: 'array', items: ['null', 'bytes'] }, 'JSON TEXT', [[[bytes, null], '["AP8=",null]']]],
    [
      { type: 'map', values: 'bytes' },
      'JSON TEXT',
      [[{ ['__proto__']: bytes, b: bytes }, '{"__proto__":"AP8=","b":"AP8="}']],
    ],
    [
      ['null', { type: 'map', values: 'int' }],
      'JSON TEXT',
      [
        [null, null],
        [{ a: 1 }, '{"a":1}'],
      ],
    ],
  ];
  for (const [schema, type, values] of cases) {
    const codec = codecOf(schema);
    assert.equal(codec.type, type);
    for (const [value, stored] of values) {
      const encoded = codec.encode(value);
      assert.deepEqual(encoded, stored);
      assert.deepEqual(codec.decode(encoded), value);
    }
    assert.equal(codec.encode(undefined), null, 'what is missing is NULL');
  }
});

test('a column that is added has the default of its field', () => {
  const added = (type: Schema, ...defaults: unknown[]) => {
    const field: Field = { name: 'f', type, doc: '', ...(defaults.length > 0 && { default: defaults[0] }) };
    return columnOf(field).added;
  };
  assert.equal(added('string'), undefined);
  assert.equal(added(['null', 'string']), '');
  assert.equal(added(['null', 'string'], null), '');
  assert.equal(added('string', "it's"), "DEFAULT 'it''s'");
  assert.equal(added('int', 0), 'DEFAULT 0');
  assert.equal(added('double', -0.5), 'DEFAULT -0.5');
  assert.equal(added('boolean', true), 'DEFAULT 1');
  assert.equal(added('bytes', '\u0000ÿ'), "DEFAULT X'00ff'");
  assert.equal(added({ type: 'array', items: 'string' }, []), "DEFAULT '[]'");
});

const shape: Shape = {
  name: 'marks',
  key: ['tenant', 'userId', 'batchId'],
  columns: [
    ...['tenant', 'userId', 'batchId'].map((name) => ({
      name,
      type: 'TEXT',
      constraint: 'NOT NULL',
      added: undefined,
    })),
    { name: 'region', type: 'TEXT', constraint: '', added: undefined },
    { name: '_due', type: 'INTEGER', constraint: '', added: '' },
  ],
  elsewhere: ['parts'],
};
const found = shape.columns.map(
  ({ name, type }): FoundColumn => ({ name, type, keyPosition: shape.key.indexOf(name) + 1 }),
);
const without = (name: string) => found.filter((column) => column.name !== name);

test('a table that matches its declaration is left unchanged, whatever else it has', () => {
  assert.deepEqual(alterations(shape, found, false), []);
  const reversed = [...found, { name: 'dropped', type: 'TEXT', keyPosition: 0 }].reverse();
  assert.deepEqual(alterations(shape, reversed, false), []);
});

test('missing columns are added to a table', () => {
  assert.deepEqual(alterations(shape, without('_due'), false), ['ALTER TABLE "marks" ADD COLUMN "_due" INTEGER']);
  assert.deepEqual(alterations(shape, without('region'), true), ['ALTER TABLE "marks" ADD COLUMN "region" TEXT']);
  const level = columnOf({ name: 'level', type: 'int', doc: '', default: 3 });
  assert.deepEqual(alterations({ ...shape, columns: [...shape.columns, level] }, found, false), [
    'ALTER TABLE "marks" ADD COLUMN "level" INTEGER DEFAULT 3',
  ]);
});

test('a table that differs from its declaration is named, with what to do', () => {
  const drifts: [FoundColumn[], RegExp][] = [
    [
      without('region'),
      /rows without the new field region; give the field a default, let it be null, or rebuild the rows: `tributary rebuild <job>`$/,
    ],
    [
      [...without('region'), { name: 'region', type: 'BLOB', keyPosition: 0 }],
      /the column region as BLOB, but it is declared as TEXT; declare it as it was/,
    ],
    [
      [...found, { name: 'parts', type: 'JSON TEXT', keyPosition: 0 }],
      /has a column parts, but that field is declared as a map/,
    ],
    [without('batchId'), /has the key \(tenant, userId\), but is declared with \(tenant, userId, batchId\)/],
  ];
  for (const [columns, message] of drifts) {
    assert.throws(() => alterations(shape, columns, false), { code: 'TABLE_DRIFTED', message });
  }
});
