/** Reads the published CSV files unchanged: gzipped, some with quotes, with a missing value as empty or "?". */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { TributaryError } from '../core/errors.ts';
import type { Rows } from './rows.ts';

/** One line of a file, by column name. */
interface Line {
  text(column: string): string;
  /** Undefined if the value is missing. */
  maybe(column: string): string | undefined;
  number(column: string): number;
}

/** Reads all five files that the demo uses from `folder`, a URL that ends with a slash. */
export function readRows(folder: URL = new URL('./oulad/', import.meta.url)): Rows {
  const presentation = (line: Line) => ({
    module: line.text('code_module'),
    presentation: line.text('code_presentation'),
  });
  return {
    courses: read(folder, 'courses', (line) => ({
      ...presentation(line),
      days: line.number('module_presentation_length'),
    })),
    sites: read(folder, 'vle', (line) => ({
      ...presentation(line),
      site: line.text('id_site'),
      activityType: line.text('activity_type'),
    })),
    registrations: read(folder, 'studentRegistration', (line) => ({
      ...presentation(line),
      student: line.text('id_student'),
      registered: day(line, 'date_registration'),
      unregistered: day(line, 'date_unregistration'),
    })),
    students: read(folder, 'studentInfo', (line) => ({
      ...presentation(line),
      student: line.text('id_student'),
      gender: line.maybe('gender'),
      region: line.maybe('region'),
      education: line.maybe('highest_education'),
      ageBand: line.maybe('age_band'),
      disability: yesNo(line.maybe('disability')),
    })),
    visits: read(folder, 'studentVle', (line) => ({
      ...presentation(line),
      student: line.text('id_student'),
      site: line.text('id_site'),
      day: line.number('date'),
      clicks: line.number('sum_click'),
    })),
  };
}

function day(line: Line, column: string): number | undefined {
  return line.maybe(column) === undefined ? undefined : line.number(column);
}

function yesNo(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 'Y';
}

function read<R>(folder: URL, name: string, rowOf: (line: Line) => R): R[] {
  const file = `${name}.csv.gz`;
  const [header, ...lines] = parse(gunzipSync(readFileSync(new URL(file, folder)))) as string[][];
  const indexes = new Map(header?.map((column, index) => [column, index]));
  return lines.map((values, i) => {
    const wrong = (column: string, what: string): TributaryError =>
      new TributaryError(
        'STORE_BROKEN',
        `${file}, line ${i + 2}: ${column} ${what}; take the file of the repository again`,
      );
    const line: Line = {
      maybe(column) {
        const value = values[indexes.get(column) ?? -1];
        return value === '' || value === '?' ? undefined : value;
      },
      text(column) {
        const value = line.maybe(column);
        if (value === undefined) throw wrong(column, 'is missing');
        return value;
      },
      number(column) {
        const value = Number(line.text(column));
        if (!Number.isInteger(value)) throw wrong(column, 'is no whole number');
        return value;
      },
    };
    return rowOf(line);
  });
}
