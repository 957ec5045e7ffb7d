/** What holds for every format and every protection. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { fileOf } from '../../../reports/files/file.ts';
import { FILE_FORMATS, type FileRow, type Protection } from '../../../reports/files/format.ts';
import { ADA, bytesOf, COLUMNS, pagesOf, specOf, written } from './files.ts';

const PROTECTIONS: readonly Protection[] = [
  { kind: 'none' },
  { kind: 'zip', password: 'four random words here' },
  { kind: 'age', recipients: [await identityToRecipient(await generateIdentity())] },
];
const KINDS = FILE_FORMATS.flatMap((format) => PROTECTIONS.map((protection) => ({ format, protection })));
const nameOf = ({ format, protection }: (typeof KINDS)[number]): string => `${format}, ${protection.kind}`;

/** Rows of texts that hardly compress. They end only with an error. */
class Source {
  pages = 0;
  ended = 0;
  async *rows(error?: Error, most = Number.POSITIVE_INFINITY): AsyncGenerator<readonly FileRow[]> {
    try {
      for (;;) {
        if (this.pages === most && error !== undefined) throw error;
        this.pages += 1;
        yield Array.from({ length: 500 }, (_, at): FileRow => {
          const text = createHash('sha256').update(`${this.pages} ${at}`).digest('base64');
          return [text, ...ADA.slice(1)];
        });
      }
    } finally {
      this.ended += 1;
    }
  }
}

for (const kind of KINDS) {
  test(`a reader that stops ends the pages, and gets no more than it reads: ${nameOf(kind)}`, async () => {
    const source = new Source();
    const file = fileOf(specOf({ ...kind, rowLimit: 1e9 }), source.rows());
    let bytes = 0;
    for await (const piece of file.bytes) {
      bytes += piece.length;
      if (bytes > 300_000) break;
    }
    assert.equal(source.ended, 1);
    // About 40 bytes of a row remain after compression, and a row group is 17 pages.
    assert.ok(source.pages < 150, `${source.pages} pages for ${bytes} bytes`);
    const { pages } = source;
    await new Promise(setImmediate);
    assert.equal(source.pages, pages);
    assert.throws(() => file.result(), /when all of its bytes were read/);
  });

  test(`an error of the pages is the reader's, and the file is not whole: ${nameOf(kind)}`, async () => {
    for (const pages of [0, 1, 40]) {
      const source = new Source();
      const error = new Error('the query was ended');
      const file = fileOf(specOf({ ...kind, rowLimit: 1e9 }), source.rows(error, pages));
      await assert.rejects(bytesOf(file.bytes), (thrown) => thrown === error);
      assert.equal(source.ended, 1);
      assert.throws(() => file.result());
    }
  });

  test(`rows beyond the limit end the pages: ${nameOf(kind)}`, async () => {
    const source = new Source();
    const seen: number[] = [];
    const file = fileOf(specOf({ ...kind, rowLimit: 1200 }), source.rows(), (rows) => seen.push(rows));
    await bytesOf(file.bytes);
    assert.deepEqual(file.result(), { rows: 1200, truncated: true, shortened: 0 });
    assert.deepEqual([source.pages, source.ended], [3, 1]);
    assert.deepEqual(seen, [500, 1000, 1200]);
  });

  test(`nothing is read before the bytes are: ${nameOf(kind)}`, async () => {
    const source = new Source();
    const file = fileOf(specOf({ ...kind, rowLimit: 1e9 }), source.rows());
    await new Promise(setImmediate);
    assert.equal(source.pages, 0);
    await file.bytes[Symbol.asyncIterator]().return?.();
    assert.equal(source.pages, 0);
  });

  test(`the same rows make the same file, in pages of any size: ${nameOf(kind)}`, async () => {
    if (kind.protection.kind !== 'none') return;
    const rows = Array.from({ length: 5000 }, (_, at): FileRow => [`learner ${at}`, BigInt(at), ...ADA.slice(2)]);
    const files = await Promise.all(
      [7, 1000, 5000].map((size) => bytesOf(fileOf(specOf({ ...kind, rowLimit: 4500 }), pagesOf(rows, size)).bytes)),
    );
    // A diff of the two files would be very long.
    assert.ok(files[0] && Buffer.compare(files[0], files[1] ?? Buffer.of()) === 0);
    assert.ok(Buffer.compare(files[0], files[2] ?? Buffer.of()) === 0);
  });
}

test('a file is named after its format and its protection', async () => {
  const [none, zip, age] = PROTECTIONS as [Protection, Protection, Protection];
  const tab = { options: { separator: '\t' } } as const;
  for (const [wanted, extension, mediaType] of [
    [{ protection: none }, 'csv', 'text/csv; charset=utf-8'],
    [{ protection: none, ...tab }, 'tsv', 'text/tab-separated-values; charset=utf-8'],
    [{ protection: age, ...tab }, 'tsv.age', 'application/octet-stream'],
    [{ protection: zip }, 'zip', 'application/zip'],
    [{ format: 'ndjson' }, 'ndjson', 'application/x-ndjson'],
    [{ format: 'parquet' }, 'parquet', 'application/vnd.apache.parquet'],
    [{ format: 'xlsx' }, 'xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
    [{ format: 'xlsx', protection: age }, 'xlsx.age', 'application/octet-stream'],
  ] as const) {
    const { file } = await written(wanted, []);
    assert.deepEqual([file.extension, file.mediaType], [extension, mediaType]);
  }
});

test('columns that a format cannot have are refused before anything is read', () => {
  const [column] = COLUMNS as [(typeof COLUMNS)[number]];
  const invalid = (message: RegExp) => ({ code: 'QUERY_INVALID', message });
  for (const format of FILE_FORMATS) {
    assert.throws(() => fileOf(specOf({ format, columns: [] }), pagesOf([])), invalid(/has 1 to/));
  }
  for (const format of ['ndjson', 'parquet'] as const) {
    assert.throws(
      () => fileOf(specOf({ format, columns: [column, column] }), pagesOf([])),
      invalid(/the name learner/),
    );
  }
  const many = Array.from({ length: 16_385 }, () => column);
  assert.throws(() => fileOf(specOf({ format: 'xlsx', columns: many }), pagesOf([])), invalid(/1 to 16384 columns/));
});
