/** What a file reflects, for people who find it later: inside the file if its format has a place for it, otherwise beside it. */
import type { FileColumn, FileResult } from './format.ts';
import { isoUtc } from './times.ts';

export interface AboutColumn extends FileColumn {
  /** What a value means, and what null means. */
  readonly doc: string;
  readonly personal?: true;
}

export interface AboutParameter {
  readonly name: string;
  readonly value: string | number | boolean | null;
  /** Whether the value identifies a person. Such a value is not written. */
  readonly personal?: true;
}

/** What was read from one table. */
export interface AboutSource {
  readonly table: string;
  /** The version of a Delta table. */
  readonly version?: number;
  /** How far it had read each log: offsets, by application id, or by topic and partition. */
  readonly positions: Readonly<Record<string, number>>;
}

export interface AboutFile {
  readonly report: string;
  readonly title: string;
  readonly definitionVersion: number;
  readonly columnsVersion: string;
  readonly columns: readonly AboutColumn[];
  readonly parameters: readonly AboutParameter[];
  /** In ms since 1970 UTC. The file may include anything that happened until then. */
  readonly asOf: number;
  readonly sources: readonly AboutSource[];
}

const LEFT_OUT = 'left out, since it identifies a person';

/** The parameters, with only those values that may be shown. */
const shown = ({ parameters }: AboutFile) =>
  parameters.map(({ name, value, personal }) => (personal ? { name, personal } : { name, value }));

const columnsOf = ({ columns }: AboutFile) =>
  columns.map(({ name, title, type, unit, doc, personal }) => ({
    name,
    title,
    type,
    ...(unit !== undefined && { unit }),
    meaning: doc,
    ...(personal && { personal }),
  }));

/** As JSON. Without a result if it is written before the rows are. It has no values that identify a person. */
export function aboutJson(about: AboutFile, result?: FileResult): string {
  const { report, title, definitionVersion, columnsVersion, asOf, sources } = about;
  return JSON.stringify(
    {
      report,
      title,
      definitionVersion,
      columnsVersion,
      asOf: isoUtc(asOf),
      ...(result && { rows: result.rows, truncated: result.truncated, shortened: result.shortened }),
      parameters: shown(about),
      columns: columnsOf(about),
      sources,
    },
    undefined,
    2,
  );
}

/** The same as rows of a sheet. */
export function aboutRows(about: AboutFile, { rows, truncated, shortened }: FileResult, rowLimit: number): string[][] {
  return [
    ['Report', about.title],
    ['Name', about.report],
    ['As of', isoUtc(about.asOf)],
    ['Version of the definition', String(about.definitionVersion)],
    ['Version of the columns', about.columnsVersion],
    ['Rows', String(rows)],
    ['Complete', truncated ? truncatedWords(rowLimit) : 'yes'],
    ...(shortened > 0 ? [['Shortened', shortenedWords(shortened)]] : []),
    [],
    ['Parameter', 'Value'],
    ...about.parameters.map(({ name, value, personal }) => [
      name,
      personal ? LEFT_OUT : value === null ? '' : String(value),
    ]),
    [],
    ['Column', 'Name', 'Type', 'Unit', 'Meaning', 'Personal data'],
    ...about.columns.map(({ name, title, type, unit, doc, personal }) => [
      title,
      name,
      type,
      unit ?? '',
      doc,
      personal ? 'yes' : '',
    ]),
    [],
    ['Source', 'Version', 'Log', 'Position'],
    ...about.sources.flatMap(({ table, version, positions }) => {
      const source = [table, version === undefined ? '' : String(version)];
      const read = Object.entries(positions).map(([log, position]) => [...source, log, String(position)]);
      return read.length > 0 ? read : [source];
    }),
  ];
}

/** The last line of a file that was cut. */
export const truncatedWords = (rowLimit: number): string =>
  `There are more rows: this file ends at the limit of ${rowLimit.toLocaleString('en')}.`;

const shortenedWords = (cells: number): string =>
  `${cells.toLocaleString('en')} texts are longer than a cell of a spreadsheet may be, and end with a note.`;
