/**
 * DuckDB in memory, opened only here: for Parquet files and SQL over them. Nothing in it is meant to last.
 *
 * - It reads and writes files below its own scratch folder, reads those below `readable`, and accesses no other files.
 *   It has no network, it installs and loads no extension, and no query can change these settings.
 * - The scratch folder contains spilled data and the files that its users make. Only the current user can read it. It belongs to this
 *   process: `close` removes it, and the next process that opens removes the folders of dead ones. Spilled data is encrypted with a key in
 *   memory, so a copy of the disk does not show it; but an attacker with time could read it.
 * - `memoryBytes` limits the memory that DuckDB counts; the process takes up to twice as much while it sorts.
 * - Times are in UTC unless a query sets another zone.
 *
 * Errors: QUERY_INVALID for SQL that is wrong or requests something forbidden, MEMORY_EXCEEDED, FOLDER_UNUSABLE for a
 * full disk, STORE_BROKEN for a file that cannot be read; for a query that is aborted, the reason of its signal.
 */
import { createReadStream, mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { messageOf, TributaryError } from '../core/errors.ts';
import { partialName, sweepPartials } from '../files/partials.ts';
import { type DuckConnection, duckConnection } from './connection.ts';
import { duckError } from './errors.ts';
import { quoted } from './names.ts';

const MEGABYTE = 1024 * 1024;
const DUCK_DEFAULTS = { memoryBytes: 256 * MEGABYTE, threads: 2, spillBytes: 8 * 1024 * MEGABYTE };

export interface DuckOptions {
  /** The parent of the scratch folders of all processes. */
  readonly folder: string;
  /** Other folders that may be read, such as a cache of segments. */
  readonly readable?: readonly string[];
  readonly memoryBytes?: number;
  readonly threads?: number;
  /** How many bytes may be spilled to the disk. */
  readonly spillBytes?: number;
}

export interface DuckDb {
  /** An existing folder for files that queries write and read. */
  readonly scratch: string;
  /** A name for a new file in `scratch`, ending in `.<ending>`. */
  file(ending: string): string;
  writeFile(path: string, body: AsyncIterable<Uint8Array> | Iterable<string>): Promise<void>;
  readFile(path: string): AsyncIterable<Uint8Array>;
  /** Removing a missing file is no error. */
  removeFile(path: string): Promise<void>;
  /** Connections are cheap. They share no temporary tables, and each runs one query at a time. */
  connect(): Promise<DuckConnection>;
  /** Runs the function on a separate connection. */
  using<T>(work: (connection: DuckConnection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openDuckDb(options: DuckOptions): Promise<DuckDb> {
  const scratch = scratchIn(resolve(options.folder));
  const spill = join(scratch, 'spill');
  const { memoryBytes, threads, spillBytes } = { ...DUCK_DEFAULTS, ...options };
  let instance: DuckDBInstance;
  try {
    instance = await DuckDBInstance.create(':memory:', {
      memory_limit: bytes(memoryBytes),
      threads: String(threads),
      temp_directory: spill,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
    });
    await lockDown(instance, spillBytes, [scratch, ...(options.readable ?? []).map((each) => resolve(each))]);
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    throw duckError(error, 'opening DuckDB');
  }
  let files = 0;
  const connect = async (): Promise<DuckConnection> => duckConnection(await instance.connect());
  return {
    scratch,
    file(ending) {
      files += 1;
      return join(scratch, `${files}.${ending}`);
    },
    writeFile,
    readFile,
    removeFile: (path) => rm(path, { force: true }),
    connect,
    async using(work) {
      const connection = await connect();
      try {
        return await work(connection);
      } finally {
        connection.close();
      }
    },
    async close() {
      instance.closeSync();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** Opened at the first read, so that a file that nobody reads is not open when it is removed. */
async function* readFile(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path);
}

/** Access is configured first and then locked, so that no query can change it. */
async function lockDown(instance: DuckDBInstance, spillBytes: number, folders: readonly string[]): Promise<void> {
  const connection = await instance.connect();
  try {
    for (const statement of [
      "SET GLOBAL TimeZone = 'UTC'",
      // As an option of `create`, this setting is accepted and shown but has no effect.
      `SET max_temp_directory_size = ${quoted(bytes(spillBytes))}`,
      // Of the built-in encryption modules, only this one can write. DuckDB calls it unsafe, because its random numbers are predictable.
      'SET force_mbedtls_unsafe = true',
      'SET temp_file_encryption = true',
      `SET allowed_directories = [${folders.map((each) => quoted(`${each}/`)).join(', ')}]`,
      'SET enable_external_access = false',
      'SET lock_configuration = true',
    ]) {
      await connection.run(statement);
    }
  } finally {
    connection.closeSync();
  }
}

function scratchIn(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    sweepPartials(folder, Date.now());
    const scratch = join(folder, partialName());
    mkdirSync(join(scratch, 'spill'), { recursive: true, mode: 0o700 });
    return scratch;
  } catch (error) {
    const message = `the scratch folder ${folder} cannot be used: ${messageOf(error)}; choose another`;
    throw new TributaryError('FOLDER_UNUSABLE', message, { cause: error });
  }
}

const bytes = (count: number): string => `${Math.floor(count)}B`;
