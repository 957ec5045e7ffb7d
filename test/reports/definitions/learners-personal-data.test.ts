import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learnersPersonalData } from '../../../reports/definitions/learners-personal-data.ts';
import { recipient } from '../../../schemas/rows/recipient.ts';
import { minute, type SpecRow } from '../../../testing/job-spec.ts';
import { reportSpec } from './report-spec.ts';
import { batch, learner, user } from './rows.ts';

const agreed = { consents: { algebra: { given: true, at: minute(3) } } };
const given = { batchId: 'spring' };

test('only learners whose consent to the course holds are there', async (t) => {
  const spec = await reportSpec(t, learnersPersonalData);
  const people = ['ada', 'bo', 'col', 'dan', 'eve', 'flo'];
  spec.rows(
    batch(),
    ...people.flatMap((each) => learner(each)),
    user('ada', {
      name: 'Ada',
      gender: 'F',
      region: 'Wales',
      ageBand: '35-55',
      education: 'A Level',
      disability: false,
      ...agreed,
    }),
    [
      recipient,
      {
        recipientId: 'ada',
        addresses: [
          { channel: 'mail', address: 'ada@example.org' },
          { channel: 'sms', address: '+441' },
        ],
      },
    ],
    // Bo was never asked, Col withdrew, Dan agreed to something else, Eve was deleted, and of Flo only the consent is known.
    user('bo', { name: 'Bo' }),
    user('col', { name: 'Col', consents: { algebra: { given: false, at: minute(9) } } }),
    user('dan', { name: 'Dan', consents: { latin: { given: true, at: minute(9) } } }),
    user('eve', { deleted: true, ...agreed }),
    user('flo', agreed),
    // Not a learner of the batch.
    user('gil', { name: 'Gil', ...agreed }),
  );
  await spec.thenRows(
    given,
    {
      course_id: 'algebra',
      batch_id: 'spring',
      batch_name: 'Spring',
      user_id: 'ada',
      consented_at: minute(3),
      name: 'Ada',
      gender: 'F',
      region: 'Wales',
      age_band: '35-55',
      education: 'A Level',
      disability: false,
      mail: 'ada@example.org',
      phone: '+441',
    },
    { user_id: 'flo', name: null, disability: null, mail: null, phone: null },
  );
  assert.deepEqual(await spec.outlook(given), {
    problems: [],
    rows: 2,
    notes: ['2 of 6 learners have consented; the others are left out'],
  });
});

test('it needs the role and protected files', () => {
  const { role, protection, columns } = learnersPersonalData;
  assert.deepEqual([role, protection], ['personal-data', 'required']);
  const names = columns.filter(({ personal }) => personal).map(({ name }) => name);
  assert.deepEqual(names, ['name', 'gender', 'region', 'age_band', 'education', 'disability', 'mail', 'phone']);
});

test('it is refused where nobody has consented, where nobody is, and where there is no batch', async (t) => {
  const spec = await reportSpec(t, learnersPersonalData);
  spec.rows(batch(), batch({ batchId: 'empty' }), ...learner('ada'), ...learner('bo'), user('ada', { name: 'Ada' }));
  await spec.thenProblems(
    given,
    /none of its 2 learners has consented: ask them to consent, and produce user.consent-given/,
  );
  await spec.thenProblems({ batchId: 'empty' }, /batch empty, since it has no learners/);
  await spec.thenProblems({ batchId: 'autumn' }, /no batch autumn/);
  await spec.thenRows(given);
});

test('those who have left are left out when only active learners are asked for', async (t) => {
  const spec = await reportSpec(t, learnersPersonalData);
  spec.rows(
    batch(),
    ...learner('ada', {}, { active: false }),
    user('ada', agreed),
    ...learner('bo'),
    user('bo', agreed),
  );
  await spec.thenRows({ ...given, learners: 'active' }, { user_id: 'bo' });
});

test('of a large batch it is estimated how many have consented, and looked on while nobody has', async (t) => {
  const spec = await reportSpec(t, learnersPersonalData);
  const ids = Array.from({ length: 10_500 }, (_, n) => `learner-${String(n).padStart(5, '0')}`);
  spec.rows(batch({ ever: ids.length }), ...ids.flatMap((each) => learner(each)), user('learner-10400', agreed));
  const late = await spec.outlook(given);
  assert.deepEqual(late.notes, ['1 of the first 10402 learners have consented; the others are left out']);
  for (const each of ids.slice(0, 5000)) spec.rows(user(each, agreed));
  const half = await spec.outlook(given);
  assert.deepEqual([half.rows, half.notes?.length], [5250, 1]);
});

test('a file of earlier is refused once somebody in it has withdrawn the consent, left, or is gone', async (t) => {
  const withdrawn = { consents: { algebra: { given: false, at: minute(9) } } };
  const late = { consents: { algebra: { given: true, at: minute(20) } } };
  const problemsOf = async (rows: number, asOf: number, people: readonly SpecRow[], asked = given) => {
    const spec = await reportSpec(t, learnersPersonalData);
    spec.rows(batch(), ...people);
    return learnersPersonalData.fileProblems?.(spec.parsed(asked), spec.readsOf('default'), { rows, asOf });
  };
  const both = [...learner('ada'), ...learner('bo')];
  assert.deepEqual(await problemsOf(2, minute(5), [...both, user('ada', agreed), user('bo', agreed)]), []);
  const refused = {
    withdrawn: [...both, user('ada', agreed), user('bo', withdrawn)],
    gone: [...both, user('ada', agreed), user('bo', { deleted: true })],
    // Col's consent came later than the file, so it does not replace the one that Bo withdrew.
    another: [...both, ...learner('col'), user('ada', agreed), user('bo', withdrawn), user('col', late)],
  };
  for (const [which, people] of Object.entries(refused))
    assert.equal((await problemsOf(2, minute(5), people))?.length, 1, which);
  const left = [...learner('ada'), ...learner('bo', {}, { active: false }), user('ada', agreed), user('bo', agreed)];
  const active = { ...given, learners: 'active' };
  assert.equal((await problemsOf(2, minute(5), left, active))?.length, 1);
  assert.deepEqual(await problemsOf(2, minute(5), left), []);
  // Bo withdrew before the file was made, and is not in it.
  assert.deepEqual(await problemsOf(1, minute(10), [...both, user('ada', agreed), user('bo', withdrawn)]), []);
});
