import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entries } from '../../core/entries.ts';
import { isKeyedByPerson, mayName, namesElsewhere, personsIn, withoutPersons } from '../../core/persons.ts';
import { defineTable, type RowOf } from '../../core/target.ts';
import { learningPlatform } from '../../modules/learning.ts';

const userId = { name: 'userId', type: 'string', doc: 'Who.', person: true } as const;
const text = <const N extends string>(name: N) => ({ name, type: 'string', doc: 'Any text.' }) as const;

const room = defineTable({
  name: 'room',
  doc: 'A room.',
  key: ['roomId'],
  record: {
    type: 'record',
    name: 'Room',
    fields: [
      text('roomId'),
      { name: 'ownerId', type: ['null', 'string'], doc: 'Whose it is.', person: true },
      { name: 'guests', type: { type: 'array', items: 'string' }, doc: 'Who is in it.', person: true },
      { name: 'seats', type: { type: 'map', values: 'int' }, doc: 'By user.', person: true },
      {
        name: 'bookings',
        type: { type: 'map', values: { type: 'record', name: 'Booking', fields: [userId, text('day')] } },
        doc: 'By number.',
      },
      { name: 'colors', type: { type: 'map', values: 'string' }, doc: 'By wall.' },
    ],
  },
});

const ROW: RowOf<typeof room> = {
  roomId: 'ada',
  ownerId: 'ada',
  guests: ['bo', 'ada'],
  seats: Entries.of([
    ['ada', 1],
    ['bo', 2],
  ]),
  bookings: Entries.of([
    ['1', { userId: 'ada', day: 'monday' }],
    ['2', { userId: 'bo', day: 'ada' }],
  ]),
  colors: Entries.of([['ada', 'ada']]),
};

const left = (row: RowOf<typeof room>, ...gone: string[]) => withoutPersons(room, row, (id) => gone.includes(id));

test('a person is taken out of every field and entry that names persons, and of nothing else', () => {
  const after = left(ROW, 'ada');
  assert.deepEqual(JSON.parse(JSON.stringify(after)), {
    roomId: 'ada',
    ownerId: null,
    guests: ['bo'],
    seats: { bo: 2 },
    bookings: { 2: { userId: 'bo', day: 'ada' } },
    colors: { ada: 'ada' },
  });
  assert.equal(ROW.seats.size, 2, 'the row before is as it was');
});

test('a row that does not name the person is the same', () => {
  assert.equal(left(ROW, 'cy'), ROW);
  const { bookings } = left(ROW, 'ada') ?? ROW;
  assert.ok(bookings.isVersionOf(ROW.bookings), 'a store writes only the entries that changed');
});

test('of a row whose key is the person, nothing stays', () => {
  const profile = learningPlatform.jobs.find(({ name }) => name === 'project-user')?.row;
  assert.ok(profile !== undefined && isKeyedByPerson(profile) && !namesElsewhere(profile));
  assert.equal(
    withoutPersons(profile, { userId: 'ada' }, (id) => id === 'ada'),
    undefined,
  );
});

test('the declarations of the built-in module say which rows name persons', () => {
  const named = learningPlatform.jobs.filter(({ row }) => mayName(row)).map(({ name }) => name);
  const rows = ['project-user', 'track-progress', 'project-group', 'notify', 'deliver-message'];
  assert.deepEqual(named.sort(), rows.sort());
});

test('every field of an event that is called as a user is one', () => {
  for (const { events } of learningPlatform.topics) {
    for (const { type, schema, example } of events) {
      const called = schema.fields.filter(({ name }) => /(?:^u|U)serId$|^recipientId$/.test(name));
      const ids = called.map(({ name }) => example[name]);
      assert.deepEqual(personsIn(schema, example), ids, type);
    }
  }
});
