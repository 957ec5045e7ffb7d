/** Pages of rows on their way into a file. */
import type { Progress } from './format.ts';

/** The number of rows written at once. Pages of queries have about as many. */
const PAGE_ROWS = 2048;

/** The first rows up to the limit, in pages of bounded size. One row beyond the limit ends the pages and is noted as truncation. */
export async function* limited<R>(
  pages: AsyncIterable<readonly R[]>,
  rowLimit: number,
  progress: Progress,
  onRows: (rows: number) => void,
): AsyncGenerator<readonly R[]> {
  for await (const page of pages) {
    for (let at = 0; at < page.length; at += PAGE_ROWS) {
      const rows = page.length <= PAGE_ROWS ? page : page.slice(at, at + PAGE_ROWS);
      const fitting = rows.slice(0, rowLimit - progress.rows);
      progress.rows += fitting.length;
      if (fitting.length > 0) yield fitting;
      onRows(progress.rows);
      if (fitting.length < rows.length) {
        progress.truncated = true;
        return;
      }
    }
  }
}

/** The number of characters written at once. */
export const PIECE = 64 * 1024;

/** Texts as UTF-8, in pieces of about 64 KiB, however short or long the texts are. */
export async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let waiting = '';
  for await (const text of texts) {
    waiting += text;
    if (waiting.length < PIECE) continue;
    yield encoder.encode(waiting);
    waiting = '';
  }
  if (waiting !== '') yield encoder.encode(waiting);
}
