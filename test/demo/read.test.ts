import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { readRows } from '../../demo/read.ts';

const HEADERS = {
  courses: 'code_module,code_presentation,module_presentation_length',
  vle: '"id_site","code_module","code_presentation","activity_type","week_from","week_to"',
  studentRegistration: '"code_module","code_presentation","id_student","date_registration","date_unregistration"',
  studentInfo:
    '"code_module","code_presentation","id_student","gender","region","highest_education","imd_band","age_band","num_of_prev_attempts","studied_credits","disability","final_result"',
  studentVle: 'code_module,code_presentation,id_student,id_site,date,sum_click',
};

/** A folder with the five files, which have these lines. */
function folder(t: TestContext, lines: Partial<Record<keyof typeof HEADERS, string>>): URL {
  const path = mkdtempSync(join(tmpdir(), 'tributary-oulad-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const [name, header] of Object.entries(HEADERS)) {
    const content = `${header}\n${lines[name as keyof typeof HEADERS] ?? ''}`;
    writeFileSync(join(path, `${name}.csv.gz`), gzipSync(content));
  }
  return pathToFileURL(`${path}/`);
}

test('columns are read with and without quotes, and in any order', (t) => {
  const { courses, sites, visits } = readRows(
    folder(t, {
      courses: 'AAA,2013J,268\n',
      vle: '"546943","AAA","2013J","resource","",""\n',
      studentVle: 'AAA,2013J,28400,546652,-10,4\nAAA,2013J,28400,546652,-10,4\n',
    }),
  );
  const of = { module: 'AAA', presentation: '2013J' };
  assert.deepEqual(courses, [{ ...of, days: 268 }]);
  assert.deepEqual(sites, [{ ...of, site: '546943', activityType: 'resource' }]);
  const visit = { ...of, student: '28400', site: '546652', day: -10, clicks: 4 };
  assert.deepEqual(visits, [visit, visit]);
});

test('an empty value or a question mark is missing, and zero is not', (t) => {
  const { registrations, students } = readRows(
    folder(t, {
      studentRegistration: '"AAA","2013J","1","0",""\n"AAA","2013J","2","?","-3"\n',
      studentInfo:
        '"AAA","2013J","1","?","","HE Qualification","?","55<=","0","240","","Pass"\n"AAA","2013J","2","M","Wales","?","","","0","60","Y","Fail"\n',
    }),
  );
  assert.deepEqual(
    registrations.map(({ registered, unregistered }) => [registered, unregistered]),
    [
      [0, undefined],
      [undefined, -3],
    ],
  );
  assert.deepEqual(
    students.map(({ gender, region, education, ageBand, disability }) => [
      gender,
      region,
      education,
      ageBand,
      disability,
    ]),
    [
      [undefined, undefined, 'HE Qualification', '55<=', undefined],
      ['M', 'Wales', undefined, undefined, true],
    ],
  );
});

test('a damaged value is refused with its file and line', (t) => {
  const files = folder(t, { courses: 'AAA,2013J,268\nAAA,2014J,many\n' });
  assert.throws(() => readRows(files), /courses\.csv\.gz, line 3: module_presentation_length is no whole number/);
  const missing = folder(t, { courses: 'AAA,,268\n' });
  assert.throws(() => readRows(missing), /courses\.csv\.gz, line 2: code_presentation is missing/);
});
