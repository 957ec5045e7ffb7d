/** Zip archives, streamed. The sizes of an entry follow its data, because they are not known before. */

import { configure, ZipWriter } from '@zip.js/zip.js';
import { DateTime } from 'luxon';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Whether the bytes are already compressed. Then they are only stored. */
  readonly compressed?: boolean;
}

interface ZipOptions {
  /** The time of the entries, in ms since 1970 UTC. */
  readonly time: number;
  /** Encrypts the entries by AES-256, but not their names. */
  readonly password?: string;
  /** Whether entries may have 4 GiB or more. Excel refuses entries declared so. */
  readonly largeEntries: boolean;
}

// No web workers: whether to use threads is up to the caller.
configure({ useWebWorkers: false });

/** An archive of these entries. Each is read to its end before the next is requested. */
export async function* zipOf(entries: AsyncIterable<ZipEntry>, options: ZipOptions): AsyncGenerator<Uint8Array> {
  const { time, password, largeEntries } = options;
  let fail: (error: unknown) => void = () => undefined;
  const pipe = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => {
      fail = (error) => controller.error(error);
    },
  });
  const write = async (): Promise<void> => {
    const zip = new ZipWriter(pipe.writable, {
      lastModDate: DateTime.fromMillis(time).toJSDate(),
      extendedTimestamp: false,
      ...(password !== undefined && { password, encryptionStrength: 3 }),
    });
    for await (const { name, bytes, compressed } of entries) {
      const entry = { level: compressed ? 0 : 6, ...(!largeEntries && { zip64: false }) };
      await zip.add(name, ReadableStream.from(bytes), entry);
    }
    await zip.close();
  };
  const written = write().catch(fail);
  try {
    yield* pipe.readable;
  } finally {
    // If the reader stops, the next write fails, which ends the entries.
    await written;
  }
}
