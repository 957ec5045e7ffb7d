/** Uploads rows to the object store as segments of a table, and downloads segments into the local cache. */
import { TributaryError } from '../../core/errors.ts';
import type { DuckDb } from '../../duckdb/database.ts';
import type { Objects } from '../objects/port.ts';
import { eachAtOnce } from '../segments/at-once.ts';
import type { CachedSegment, Pinned, SegmentCache } from '../segments/cache.ts';
import type { Layout, SegmentRow } from '../segments/columns.ts';
import { type SegmentFile, writeSegmentFiles } from '../segments/files.ts';
import { statisticsJson } from '../segments/statistics.ts';
import type { Add, Remove } from './actions.ts';
import { isWriter, objectName, segmentPath } from './names.ts';
import { dayOf, type Snapshot } from './snapshot.ts';

const UPLOADS_AT_ONCE = 4;
/** Hive's name of the folder for a null day; DuckDB reads it as null. */
const NO_DAY = '__HIVE_DEFAULT_PARTITION__';

export interface SegmentWriterOptions {
  readonly objects: Objects;
  readonly duck: DuckDb;
  readonly table: string;
  readonly layout: Layout;
  /**
   * Part of the names of the segments: letters, digits, `_`, `=` and `-`. It must belong to this writer only and never
   * be reused. A random text will do, or one that contains the token of a claim.
   */
  readonly writer: string;
  /** The columns by which the rows of a segment are sorted. */
  readonly sortBy?: readonly string[];
  /** In ms since 1970 UTC. */
  readonly now: () => number;
}

export interface SegmentWriter {
  /**
   * Uploads the rows, one segment a day. Returns what a commit must add, in the order of the days. Segments that are
   * never committed belong to no table, and a vacuum deletes them. A second attempt gives its segments other names.
   */
  write(rows: Iterable<SegmentRow>): Promise<Add[]>;
}

export function segmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const upload = uploader(options);
  return {
    async write(rows) {
      const files = await writeSegmentFiles(options.duck, options.layout, rows, options.sortBy);
      return upload(files, true);
    },
  };
}

export type Upload = (files: readonly SegmentFile[], dataChange: boolean) => Promise<Add[]>;

/** Uploads files, and removes the local ones even after an error. */
export function uploader({ objects, duck, table, layout, writer, now }: SegmentWriterOptions): Upload {
  if (!isWriter(writer)) {
    const allowed = 'it begins with a letter or digit and has up to 100 of A-Z, a-z, 0-9, "_", "=" and "-"';
    throw new TributaryError(
      'USAGE',
      `${JSON.stringify(writer)} cannot be the name of a writer of segments: ${allowed}`,
    );
  }
  let sequence = 0;
  return async (files, dataChange) => {
    const adds: Add[] = [];
    const first = sequence;
    sequence += files.length;
    try {
      await eachAtOnce(files, UPLOADS_AT_ONCE, async ({ day, path: file, bytes, statistics }, at) => {
        const path = segmentPath(layout.partition, day, writer, first + at);
        // Taken before the upload, so this time is not later than that of the object.
        const modificationTime = now();
        await objects.create(`${table}/${path}`, duck.readFile(file));
        adds[at] = {
          path,
          partitionValues: { [layout.partition]: day },
          size: bytes,
          modificationTime,
          dataChange,
          stats: statisticsJson(statistics),
        };
      });
      return adds;
    } finally {
      for (const { path } of files) await duck.removeFile(path);
    }
  };
}

/** The action that removes a file from the table at that time (ms). */
export function removeOf({ path, partitionValues, size }: Add, deletionTimestamp: number, dataChange: boolean): Remove {
  return { path, deletionTimestamp, dataChange, extendedFileMetadata: true, partitionValues, size };
}

/** Copies of the files in the local cache, kept until the pin is released. Its paths are in the order of `files`. */
export function pinFiles(cache: SegmentCache, snapshot: Snapshot, files: readonly Add[]): Promise<Pinned> {
  return cache.pin(files.map((file) => cachedOf(snapshot, file)));
}

function cachedOf({ table, metaData }: Snapshot, file: Add): CachedSegment {
  const name = objectName(table, file.path);
  if (name === undefined) {
    throw new TributaryError(
      'TABLE_PROTOCOL',
      `the table ${table} has a file outside of it, ${file.path}: it cannot be read`,
    );
  }
  return { name, bytes: file.size, folder: `${metaData.partitionColumns[0]}=${dayOf(metaData, file) || NO_DAY}` };
}
