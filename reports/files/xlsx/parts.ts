/** The parts of a workbook other than its sheets. */
import { xmlText } from './xml.ts';

/** The styles of cells, as indexes into `styles`. */
export const STYLES = { moment: 1, date: 2, header: 3, quoted: 4, notice: 5 } as const;

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
const START = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

export const sheetPath = (at: number): string => `xl/worksheets/sheet${at + 1}.xml`;

export const SHEET_START = `${START}<worksheet xmlns="${MAIN}">`;

/** The small parts, by name. `sheets` are the names of the sheets, in order. */
export const partsOf = (sheets: readonly string[]): Readonly<Record<string, string>> => ({
  '[Content_Types].xml': contentTypes(sheets),
  '_rels/.rels': relations(['officeDocument', 'xl/workbook.xml']),
  'xl/workbook.xml': workbook(sheets),
  'xl/_rels/workbook.xml.rels': relations(
    ...sheets.map((_, at) => ['worksheet', `worksheets/sheet${at + 1}.xml`] as const),
    ['styles', 'styles.xml'],
  ),
  'xl/styles.xml': styles(),
});

function contentTypes(sheets: readonly string[]): string {
  const part = (path: string, kind: string): string =>
    `<Override PartName="/${path}" ContentType="${TYPE}.${kind}+xml"/>`;
  return (
    `${START}<Types xmlns="${PACKAGE}/content-types">` +
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
    '<Default Extension="xml" ContentType="application/xml"/>' +
    part('xl/workbook.xml', 'sheet.main') +
    part('xl/styles.xml', 'styles') +
    sheets.map((_, at) => part(sheetPath(at), 'worksheet')).join('') +
    '</Types>'
  );
}

/** Relations by kind and target, with the ids `rId1`, `rId2` and so on. */
function relations(...targets: readonly (readonly [kind: string, target: string])[]): string {
  const each = targets.map(
    ([kind, target], at) => `<Relationship Id="rId${at + 1}" Type="${OFFICE}/${kind}" Target="${target}"/>`,
  );
  return `${START}<Relationships xmlns="${PACKAGE}/relationships">${each.join('')}</Relationships>`;
}

function workbook(sheets: readonly string[]): string {
  const each = sheets.map((name, at) => `<sheet name="${xmlText(name)}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`);
  return `${START}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${each.join('')}</sheets></workbook>`;
}

/** The formats are written as patterns, since the built-in date formats differ by country. */
function styles(): string {
  const format = (numFmtId: number, rest = ''): string =>
    `<xf numFmtId="${numFmtId}" fontId="0" fillId="0" borderId="0" xfId="0"${numFmtId > 0 ? ' applyNumberFormat="1"' : ''}${rest}/>`;
  const bold = '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>';
  const italic = '<xf numFmtId="0" fontId="2" fillId="0" borderId="0" xfId="0" applyFont="1"/>';
  const font = (kind: string): string => `<font>${kind}<sz val="11"/><name val="Calibri"/><family val="2"/></font>`;
  return (
    `${START}<styleSheet xmlns="${MAIN}">` +
    '<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>' +
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>' +
    `<fonts count="3">${font('')}${font('<b/>')}${font('<i/>')}</fonts>` +
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
    `<cellXfs count="6">${format(0)}${format(164)}${format(165)}${bold}${format(0, ' quotePrefix="1"')}${italic}</cellXfs>` +
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>' +
    '</styleSheet>'
  );
}
