/** A small reader of workbooks, for tests. */
import assert from 'node:assert/strict';
import { TextWriter, Uint8ArrayReader, ZipReader } from '@zip.js/zip.js';

/** A cell. `ReadSheet.cells` has it by its reference, such as `B2`. */
export interface ReadCell {
  readonly type: string;
  readonly style: string;
  readonly value: string;
}
export interface ReadSheet {
  readonly name: string;
  readonly xml: string;
  readonly cells: ReadonlyMap<string, ReadCell>;
}

export async function partsOf(bytes: Uint8Array): Promise<Map<string, string>> {
  const zip = new ZipReader(new Uint8ArrayReader(bytes), { checkCrc32: true, useWebWorkers: false });
  const parts = new Map<string, string>();
  for (const entry of await zip.getEntries()) {
    assert.ok(!entry.directory);
    // Excel rejects a sheet whose zip header needs version 4.5, which announces 4 GiB or more.
    assert.ok(Buffer.from(bytes).readUInt16LE(entry.offset + 4) < 45, entry.filename);
    parts.set(entry.filename, await entry.getData(new TextWriter()));
  }
  await zip.close();
  return parts;
}

/** The cell styles, in the order of their numbers. `format` is the number format, if a style has its own. */
export function stylesIn(parts: ReadonlyMap<string, string>): { readonly xml: string; readonly format?: string }[] {
  const styles = parts.get('xl/styles.xml') ?? '';
  const [, cells = ''] = /<cellXfs[^>]*>(.*)<\/cellXfs>/.exec(styles) ?? [];
  const formats = new Map(
    [...styles.matchAll(/numFmtId="(\d+)" formatCode="([^"]+)"/g)].map(([, id, code]) => [id, code]),
  );
  return [...cells.matchAll(/<xf [^>]*>/g)].map(([xml]) => {
    const format = formats.get(/numFmtId="(\d+)"/.exec(xml)?.[1]);
    return format === undefined ? { xml } : { xml, format };
  });
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

/** The text that a spreadsheet reads from this XML. */
function textFrom(xml: string): string {
  // XML has one kind of line end, and no control characters.
  assert.ok(
    [...xml].every((each) => each >= ' ' || each === '\t' || each === '\n'),
    'a character that XML cannot have',
  );
  return xml
    .replaceAll(/&(\w+);/g, (_, name: string) => ENTITIES[name] ?? assert.fail(name))
    .replaceAll(/_x([0-9A-F]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** The sheets in the order of the workbook. */
export async function sheetsOf(bytes: Uint8Array): Promise<ReadSheet[]> {
  const parts = await partsOf(bytes);
  const part = (name: string): string => parts.get(name) ?? assert.fail(`no part ${name}`);
  const targets = new Map(
    [...part('xl/_rels/workbook.xml.rels').matchAll(/Id="(\w+)" Type="[^"]*" Target="([^"]+)"/g)].map(
      ([, id, target]) => [id, target],
    ),
  );
  return [...part('xl/workbook.xml').matchAll(/<sheet name="([^"]*)" sheetId="\d+" r:id="(\w+)"/g)].map(
    ([, name = '', id]) => {
      const path = `xl/${targets.get(id)}`;
      assert.ok(part('[Content_Types].xml').includes(`PartName="/${path}"`));
      const xml = part(path);
      const cells = new Map<string, ReadCell>();
      for (const [, at = '', attributes = '', content = ''] of xml.matchAll(/<c r="([A-Z]+\d+)"([^>]*)>(.*?)<\/c>/gs)) {
        const attribute = (key: string): string => new RegExp(` ${key}="([^"]*)"`).exec(attributes)?.[1] ?? '';
        cells.set(at, {
          type: attribute('t'),
          style: attribute('s'),
          value: textFrom(content.replaceAll(/<\/?(?:v|is|t(?: xml:space="preserve")?)>/g, '')),
        });
      }
      return { name, xml, cells };
    },
  );
}
