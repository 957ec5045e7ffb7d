/** Shared by the tests of report files: a spec, pages, and files as bytes. */
import { fileOf } from '../../../reports/files/file.ts';
import type { FileColumn, FileResult, FileRow, FileSpec, ReportFile } from '../../../reports/files/format.ts';
import { FILE_OPTIONS, type FileOptions } from '../../../reports/files/options.ts';

export const COLUMNS: readonly FileColumn[] = [
  { name: 'learner', title: 'Learner', type: 'string' },
  { name: 'views', title: 'Views', type: 'long' },
  { name: 'progress', title: 'Progress', type: 'double', unit: '%' },
  { name: 'score', title: 'Score', type: 'decimal' },
  { name: 'active', title: 'Active', type: 'boolean' },
  { name: 'seen', title: 'Last seen', type: 'timestamp' },
  { name: 'enrolled', title: 'Enrolled on', type: 'date' },
];

/** 2026-10-05T08:30:15.250Z */
export const SEEN = 1_791_189_015_250;
export const ADA: FileRow = ['Ada', 3n, 62.5, '7.50', true, SEEN, '2026-09-01'];
export const NOBODY: FileRow = [null, null, null, null, null, null, null];

interface Wanted extends Partial<Omit<FileSpec, 'options'>> {
  readonly options?: Partial<FileOptions>;
}

export function specOf(wanted: Wanted = {}): FileSpec {
  const columns = wanted.columns ?? COLUMNS;
  return {
    format: 'csv',
    columns,
    protection: { kind: 'none' },
    name: 'activity',
    rowLimit: 1_000_000,
    about: {
      report: 'course-activity',
      title: 'Activity of a course',
      definitionVersion: 3,
      columnsVersion: '2',
      columns: columns.map((column) => ({ ...column, doc: `What ${column.title} means.` })),
      parameters: [
        { name: 'course', value: 'rivers' },
        { name: 'learner', value: 'ada@example.org', personal: true },
      ],
      asOf: SEEN,
      sources: [{ table: 'rollups/activity/g1', version: 17, positions: { 'content.events/0': 4711 } }],
    },
    ...wanted,
    options: { ...FILE_OPTIONS, ...wanted.options },
  };
}

export async function* pagesOf(rows: readonly FileRow[], size = 2): AsyncGenerator<readonly FileRow[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}

export async function bytesOf(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

export interface Written {
  readonly file: ReportFile;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly result: FileResult;
}

export async function written(wanted: Wanted, rows: readonly FileRow[]): Promise<Written> {
  const file = fileOf(specOf(wanted), pagesOf(rows));
  const bytes = await bytesOf(file.bytes);
  return { file, bytes, result: file.result() };
}

export const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
