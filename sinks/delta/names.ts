/** The names of a table's objects, relative to the table's own name. */
const LOG = '_delta_log';
const DIGITS = 20;
const COMMIT = /^(\d{20})\.json$/;
const CHECKPOINT = /^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$/;

/** The location of a checkpoint: one object, or `parts` objects. */
export interface CheckpointAt {
  readonly version: number;
  readonly parts?: number | undefined;
}

const pad = (number: number, digits: number): string => String(number).padStart(digits, '0');

export const logPrefix = (table: string): string => `${table}/${LOG}/`;
export const commitName = (table: string, version: number): string => `${logPrefix(table)}${pad(version, DIGITS)}.json`;
export const pointerName = (table: string): string => `${logPrefix(table)}_last_checkpoint`;

export function checkpointNames(table: string, { version, parts }: CheckpointAt): string[] {
  const name = `${logPrefix(table)}${pad(version, DIGITS)}.checkpoint`;
  if (parts === undefined) return [`${name}.parquet`];
  return Array.from({ length: parts }, (_, at) => `${name}.${pad(at + 1, 10)}.${pad(parts, 10)}.parquet`);
}

export interface LogEntry {
  readonly name: string;
  readonly version: number;
  /** The number of parts of the checkpoint that this object belongs to; 1 for a checkpoint in one object, 0 for a commit. */
  readonly parts: number;
  readonly modifiedAt: number;
}

/** What an object of the log is; undefined if it is neither a commit nor a checkpoint. */
export function logEntry(table: string, name: string, modifiedAt: number): LogEntry | undefined {
  const file = name.slice(logPrefix(table).length);
  const commit = COMMIT.exec(file);
  if (commit !== null) return { name, version: Number(commit[1]), parts: 0, modifiedAt };
  const checkpoint = CHECKPOINT.exec(file);
  if (checkpoint === null) return undefined;
  return { name, version: Number(checkpoint[1]), parts: Number(checkpoint[3] ?? 1), modifiedAt };
}

/** The path of a segment. It differs for each writer and sequence number, so that the segments of two owners cannot collide. */
export function segmentPath(partition: string, day: string, writer: string, sequence: number): string {
  return `${partition}=${day}/${writer}-${pad(sequence, 8)}.parquet`;
}

/** Whether the text is valid as a writer: it becomes part of object names, and must never begin the name of a hidden file. */
export function isWriter(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_=-]{0,99}$/.test(text);
}

/** The object that a path of the log refers to; undefined if it is outside the table. */
export function objectName(table: string, path: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || path.startsWith('/')) return undefined;
  try {
    return `${table}/${decodeURIComponent(path)}`;
  } catch {
    return undefined;
  }
}

/** Whether an object below the table is data. Delta's own objects and hidden ones are not. */
export function isData(table: string, name: string): boolean {
  const path = name.slice(table.length + 1);
  return path.endsWith('.parquet') && path.split('/').every((part) => !/^[_.]/.test(part));
}
