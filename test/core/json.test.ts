import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Schema } from '../../core/avro.ts';
import { compileJson } from '../../core/json.ts';
import { moment } from '../../core/moment.ts';

const fits = (schema: Schema, value: unknown): unknown => {
  const checked = compileJson(schema)(value, 'data');
  return checked.ok ? checked.value : assert.fail(checked.problem);
};
const problem = (schema: Schema, value: unknown): string => {
  const checked = compileJson(schema)(value, 'data');
  return checked.ok ? assert.fail('it was taken') : checked.problem;
};
/** Tests a schema with values that it accepts unchanged, and with values that it refuses, each with its message. */
function table(schema: Schema, taken: readonly unknown[], refused: readonly (readonly [unknown, string])[]): void {
  for (const value of taken) assert.deepEqual(fits(schema, value), value);
  for (const [value, message] of refused) assert.equal(problem(schema, value), message);
}

const colour = { type: 'enum', name: 'Colour', symbols: ['red', 'blue'] } as const;
const course = {
  type: 'record',
  name: 'Course',
  fields: [
    { name: 'courseId', type: 'string', doc: 'The course.' },
    { name: 'name', type: ['null', 'string'], doc: 'Its name.', default: null },
    {
      name: 'contents',
      doc: 'What it has.',
      default: [],
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Content',
          fields: [
            { name: 'contentId', type: 'string', doc: 'The content.' },
            { name: 'minutes', type: 'int', doc: 'How long.', default: 5 },
          ],
        },
      },
    },
    { name: 'marks', doc: 'Marks by learner.', default: {}, type: { type: 'map', values: 'double' } },
  ],
} as const;

test('null is null', () => table('null', [null], [[0, 'data: null is expected, not 0']]));

test('a boolean is true or false', () =>
  table(
    'boolean',
    [true, false],
    [
      [1, 'data: true or false is expected, not 1'],
      ['true', 'data: true or false is expected, not "true"'],
      [null, 'data: true or false is expected, not null'],
    ],
  ));

test('an int is a whole number of 32 bits', () =>
  table(
    'int',
    [0, -1, 2147483647, -2147483648],
    [
      [2147483648, 'data: a whole number is expected, not 2147483648'],
      [-2147483649, 'data: a whole number is expected, not -2147483649'],
      [1.5, 'data: a whole number is expected, not 1.5'],
      ['1', 'data: a whole number is expected, not "1"'],
      [true, 'data: a whole number is expected, not true'],
    ],
  ));

test('a long is a whole number that Avro also reads as it was written', () =>
  table(
    'long',
    [0, 4503599627370495, -4503599627370495],
    [
      [4503599627370496, 'data: a whole number is expected, not 4503599627370496'],
      [-4503599627370496, 'data: a whole number is expected, not -4503599627370496'],
      [JSON.parse('1e400'), 'data: a whole number is expected, not Infinity'],
      [0.5, 'data: a whole number is expected, not 0.5'],
      [[1], 'data: a whole number is expected, not an array'],
    ],
  ));

test('a number is held to the bounds of its field', () => {
  const field = (bounds: object) =>
    ({
      type: 'record',
      name: 'R',
      fields: [{ name: 'a', type: ['null', 'long'], doc: 'A.', default: null, ...bounds }],
    }) as const;
  const problem = (bounds: object, a: unknown) => {
    const checked = compileJson(field(bounds))({ a }, 'data');
    return checked.ok ? undefined : checked.problem;
  };
  for (const good of [0, 7, null, undefined]) assert.equal(problem({ minimum: 0, maximum: 7 }, good), undefined);
  assert.equal(problem({ minimum: 0 }, -1), 'data.a: a number of at least 0 is expected, not -1');
  assert.equal(problem({ maximum: 7 }, 8), 'data.a: a number of at most 7 is expected, not 8');
  assert.equal(problem({ minimum: 0 }, 'x'), 'data.a: a whole number is expected, not "x"');
  assert.equal(
    problem(moment, Date.UTC(2026, 0, 5) / 1000),
    'data.a: a number of at least 31536000000 and of at most 253402300799999 (ms since 1970 UTC) is expected, not 1767571200',
  );
  assert.match(problem(moment, Date.UTC(2026, 0, 5) * 1000) ?? '', /of at most .* not 1767571200000000$/);
});

test('a double is a finite number', () =>
  table(
    'double',
    [0, -1.5, 1e300],
    [
      [JSON.parse('-1e400'), 'data: a number is expected, not -Infinity'],
      [Number.NaN, 'data: a number is expected, not NaN'],
      ['7', 'data: a number is expected, not "7"'],
      [{}, 'data: a number is expected, not an object'],
    ],
  ));

test('a string is well-formed text', () =>
  table(
    'string',
    ['', 'a', '\u{1F30A}', '\0'],
    [
      [1, 'data: a string is expected, not 1'],
      [JSON.parse('"\\ud800"'), 'data: a string is expected, not "\\ud800"'],
      [['a'], 'data: a string is expected, not an array'],
      [{ a: 1 }, 'data: a string is expected, not an object'],
    ],
  ));

test('bytes are base64 text', () => {
  assert.deepEqual(fits('bytes', 'AP8='), Uint8Array.of(0, 255));
  assert.deepEqual(fits('bytes', ''), new Uint8Array());
  table(
    'bytes',
    [],
    [
      ['A', 'data: base64 text is expected, not "A"'],
      ['A===', 'data: base64 text is expected, not "A==="'],
      ['A B=', 'data: base64 text is expected, not "A B="'],
      ['äöüß', 'data: base64 text is expected, not "äöüß"'],
      [7, 'data: base64 text is expected, not 7'],
    ],
  );
});

test('an enum is one of its symbols', () =>
  table(
    colour,
    ['red', 'blue'],
    [
      ['green', 'data: one of red, blue is expected, not "green"'],
      [0, 'data: one of red, blue is expected, not 0'],
      ['toString', 'data: one of red, blue is expected, not "toString"'],
    ],
  ));

test('an array has items, and the message names the one that does not fit', () =>
  table(
    { type: 'array', items: 'int' },
    [[], [1, 2]],
    [
      [{ 0: 1 }, 'data: an array is expected, not an object'],
      [[1, 'two'], 'data[1]: a whole number is expected, not "two"'],
      [[1, null], 'data[1]: a whole number is expected, not null'],
    ],
  ));

test('a map has values by any well-formed key, and the message names the one that does not fit', () =>
  table(
    { type: 'map', values: 'int' },
    [{}, { a: 1, 'ä b': 2 }],
    [
      [[], 'data: an object is expected, not an array'],
      [null, 'data: an object is expected, not null'],
      [{ a: 1, b: 'two' }, 'data.b: a whole number is expected, not "two"'],
      [JSON.parse('{"\\udc00": 1}'), 'data: a key of well-formed text is expected, not "\\udc00"'],
      [{ ['k'.repeat(10_000)]: 'x' }, `data.${'k'.repeat(40)}…: a whole number is expected, not "x"`],
    ],
  ));

test('a nullable value is null or the value', () =>
  table(['null', 'int'], [null, 3], [['3', 'data: a whole number is expected, not "3"']]));

test('a record gets its defaults, and loses unknown fields', () => {
  assert.deepEqual(fits(course, { courseId: 'c', contents: [{ contentId: 'a', colour: 'red' }], owner: 'x' }), {
    courseId: 'c',
    name: null,
    contents: [{ contentId: 'a', minutes: 5 }],
    marks: {},
  });
});

test('two records do not share a default', () => {
  const check = compileJson(course);
  const [one, other] = [check({ courseId: 'a' }, 'data'), check({ courseId: 'b' }, 'data')];
  assert.ok(one.ok && other.ok);
  assert.notEqual(one.value.contents, other.value.contents);
});

test('the message about a record that does not fit names the path', () =>
  table(
    course,
    [],
    [
      [undefined, 'data: an object is missing'],
      [null, 'data: an object is expected, not null'],
      ['text', 'data: an object is expected, not "text"'],
      [[], 'data: an object is expected, not an array'],
      [{}, 'data.courseId: a string is missing'],
      [{ courseId: null }, 'data.courseId: a string is expected, not null'],
      [{ courseId: 'c', contents: null }, 'data.contents: an array is expected, not null'],
      [
        { courseId: 'c', contents: [{ contentId: 'a' }, { contentId: 'b' }, { contentId: 3 }] },
        'data.contents[2].contentId: a string is expected, not 3',
      ],
      [{ courseId: 'c', contents: [{}] }, 'data.contents[0].contentId: a string is missing'],
      [{ courseId: 'c', marks: { 'learner-1': 'good' } }, 'data.marks.learner-1: a number is expected, not "good"'],
    ],
  ));

test('a missing value is described by its expected type', () => {
  const missing = (type: Schema) =>
    problem({ type: 'record', name: 'R', fields: [{ name: 'field', type, doc: 'A field.' }] }, {});
  assert.equal(missing('string'), 'data.field: a string is missing');
  assert.equal(missing('int'), 'data.field: a whole number is missing');
  assert.equal(missing('long'), 'data.field: a whole number is missing');
  assert.equal(missing('double'), 'data.field: a number is missing');
  assert.equal(missing('boolean'), 'data.field: a boolean is missing');
  assert.equal(missing('bytes'), 'data.field: base64 text is missing');
  assert.equal(missing(['null', 'string']), 'data.field: a string is missing');
  assert.equal(missing(colour), 'data.field: a value is missing');
  assert.equal(missing({ type: 'array', items: 'int' }), 'data.field: an array is missing');
  assert.equal(missing({ type: 'map', values: 'int' }), 'data.field: an object is missing');
  assert.equal(missing(course), 'data.field: an object is missing');
});

test('a property of the prototype is not a field: only own properties count', () => {
  const hostile = JSON.parse('{"__proto__": {"courseId": "c"}}');
  assert.equal(problem(course, hostile), 'data.courseId: a string is missing');
  const record = { type: 'record', name: 'R', fields: [{ name: 'constructor', type: 'string', doc: 'Odd.' }] } as const;
  assert.equal(problem(record, {}), 'data.constructor: a string is missing');
});

test('a map key named __proto__ is a key, and changes no prototype', () => {
  const taken = fits({ type: 'map', values: 'int' }, JSON.parse('{"__proto__": 7}')) as object;
  assert.equal(Object.getPrototypeOf(taken), Object.prototype);
  assert.deepEqual(Object.entries(taken), [['__proto__', 7]]);
});

test('a value that nests a million times is refused like any other', () => {
  let deep: unknown = 1;
  for (let i = 0; i < 1_000_000; i++) deep = [deep];
  assert.equal(problem('string', deep), 'data: a string is expected, not an array');
  assert.deepEqual(fits(course, { courseId: 'c', unknown: deep }), {
    courseId: 'c',
    name: null,
    contents: [],
    marks: {},
  });
});

test('a message shows forty characters of a value and cuts none in two', () => {
  assert.equal(problem('int', 'x'.repeat(100)), `data: a whole number is expected, not "${'x'.repeat(39)}…`);
  const cut = problem('int', `${'x'.repeat(38)}\u{1F30A}${'x'.repeat(38)}`);
  assert.equal(cut.isWellFormed(), true);
});

test('a message shows nothing of a personal value, however deep it lies', () => {
  const text = { name: 'text', type: 'string', doc: '' } as const;
  const inner = { type: 'record', name: 'Inner', fields: [text] } as const;
  const fields = [
    { name: 'name', type: ['null', 'string'], doc: '', default: null, personal: true },
    { name: 'addresses', type: { type: 'array', items: inner }, doc: '', default: [], personal: true },
    { name: 'age', type: 'int', minimum: 18, doc: '', default: 20, personal: true },
  ] as const;
  const schema = { type: 'record', name: 'Person', fields } as const;
  for (const [value, message] of [
    [{ name: 7 }, 'data.name: a string is expected'],
    [{ addresses: [{ text: true }] }, 'data.addresses[0].text: a string is expected'],
    [{ addresses: [{}] }, 'data.addresses[0].text: a string is missing'],
    [{ age: 17 }, 'data.age: a number of at least 18 is expected'],
  ] as const)
    assert.equal(problem(schema, value), message);
});

test('a mistake of our code is thrown, not attributed to the value', () => {
  const value = {
    get courseId(): string {
      throw new RangeError('a bug');
    },
  };
  assert.throws(() => compileJson(course)(value, 'data'), RangeError);
});

// ---- what is tolerated ----

const wishes = {
  type: 'record',
  name: 'Wishes',
  fields: [
    { name: 'who', type: 'string', doc: 'Who wishes.' },
    { name: 'colours', type: { type: 'array', items: colour }, doc: 'Which.', default: [], lenient: true },
    { name: 'zone', type: 'string', doc: 'Where.', default: 'UTC', lenient: true },
    {
      name: 'parcel',
      doc: 'How.',
      default: null,
      lenient: true,
      type: [
        'null',
        {
          type: 'record',
          name: 'Parcel',
          fields: [
            { name: 'colours', type: { type: 'array', items: colour }, doc: 'Of which.' },
            { name: 'weight', type: 'int', doc: 'In grams.', default: 5, maximum: 9 },
          ],
        },
      ],
    },
  ],
} as const;
const all = { who: 'ada', colours: ['red'], zone: 'Asia/Kolkata', parcel: { colours: ['blue'], weight: 7 } };
const left = (path: string, why: string) => ({ path, problem: why });
const notColour = (path: string, found: string) => `${path}: one of red, blue is expected, not ${found}`;

/** A mistake, its replacement, and the messages about it. */
const LENIENT: readonly (readonly [wrong: object, instead: object, unfit: readonly object[]])[] = [
  [{}, {}, []],
  [{ zone: 99 }, { zone: '99' }, []],
  [{ zone: null }, { zone: 'UTC' }, [left('data.zone', 'data.zone: a string is expected, not null')]],
  [{ zone: ['x'] }, { zone: 'UTC' }, [left('data.zone', 'data.zone: a string is expected, not an array')]],
  [{ colours: null }, { colours: [] }, [left('data.colours', 'data.colours: an array is expected, not null')]],
  [
    { colours: ['green', 'red', 7, 'blue'] },
    { colours: ['red', 'blue'] },
    [
      left('data.colours[0]', notColour('data.colours[0]', '"green"')),
      left('data.colours[2]', notColour('data.colours[2]', '7')),
    ],
  ],
  [{ parcel: 'big' }, { parcel: null }, [left('data.parcel', 'data.parcel: an object is expected, not "big"')]],
  [
    { parcel: { colours: ['green', 'red'], weight: 10 } },
    { parcel: { colours: ['red'], weight: 5 } },
    [
      left('data.parcel.colours[0]', notColour('data.parcel.colours[0]', '"green"')),
      left('data.parcel.weight', 'data.parcel.weight: a number of at most 9 is expected, not 10'),
    ],
  ],
  // A missing required value removes its parent, and only the parent is reported.
  [{ parcel: { weight: 'x' } }, { parcel: null }, [left('data.parcel', 'data.parcel.colours: an array is missing')]],
];

for (const [wrong, instead, unfit] of LENIENT) {
  test(`where it is lenient, ${JSON.stringify(wrong)} leaves the rest as it is`, () => {
    const checked = compileJson(wishes, { lenient: true })({ ...all, ...wrong }, 'data');
    assert.deepEqual(checked, { ok: true, value: { ...all, ...instead }, ...(unfit.length > 0 && { unfit }) });
    assert.equal(compileJson(wishes)({ ...all, ...wrong }, 'data').ok, Object.keys(wrong).length === 0);
  });
}

test('what is not marked as lenient must fit', () => {
  const check = compileJson(wishes, { lenient: true });
  for (const who of [7, null, undefined]) assert.equal(check({ ...all, who }, 'data').ok, false);
  assert.equal(check([], 'data').ok, false);
});

test('of a list the first items that do not fit are reported, and none of them is kept', () => {
  const colours = [...Array(1000).keys(), 'red'];
  const checked = compileJson(wishes, { lenient: true })({ who: 'ada', colours, zone: null }, 'data');
  assert.ok(checked.ok);
  assert.deepEqual(checked.value.colours, ['red']);
  assert.equal(checked.unfit?.length, 21);
  assert.equal(checked.unfit?.at(-1)?.path, 'data.zone');
});
