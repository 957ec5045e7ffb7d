/** Checkpoints of Delta's first version: the whole snapshot as rows of one Parquet file, one action a row. */
import { quoted } from '../../duckdb/names.ts';
import { type Action, isWhole, parseObject } from './actions.ts';
import type { CheckpointAt } from './names.ts';
import type { Snapshot } from './snapshot.ts';

const MAP = 'MAP(VARCHAR, VARCHAR)';
const COLUMNS = {
  txn: 'STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)',
  add: `STRUCT(path VARCHAR, partitionValues ${MAP}, size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR, tags ${MAP})`,
  remove: `STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues ${MAP}, size BIGINT)`,
  metaData: `STRUCT(id VARCHAR, "name" VARCHAR, description VARCHAR, "format" STRUCT(provider VARCHAR, options ${MAP}), schemaString VARCHAR, partitionColumns VARCHAR[], "configuration" ${MAP}, createdTime BIGINT)`,
  protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER)',
};

/** The actions of a checkpoint. Removals older than `keepFrom` (ms) are left out, because their files may be deleted. */
export function* checkpointActions(snapshot: Snapshot, keepFrom: number): Generator<Action> {
  const { protocol, metaData, txns, removed, days } = snapshot;
  yield { protocol };
  yield { metaData };
  for (const txn of txns.values()) yield { txn };
  for (const remove of removed.values()) {
    if ((remove.deletionTimestamp ?? 0) >= keepFrom) yield { remove: { ...remove, dataChange: false } };
  }
  for (const files of days.values()) for (const add of files.values()) yield { add: { ...add, dataChange: false } };
}

/** SQL that makes the checkpoint from a file with one action a line. */
export function checkpointSql(lines: string, target: string): string {
  const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: ${quoted(type)}`);
  const read = `read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
  return `COPY (SELECT * FROM ${read}) TO ${quoted(target)} (FORMAT parquet, COMPRESSION zstd)`;
}

/** SQL that returns each action of a checkpoint as JSON in `action`, whatever columns its writer used. */
export function checkpointRowsSql(paths: readonly string[]): string {
  const files = `read_parquet([${paths.map(quoted).join(', ')}], union_by_name = true, hive_partitioning = false)`;
  return `SELECT CAST(to_json(row) AS VARCHAR) AS action FROM ${files} AS row`;
}

const KINDS = ['add', 'remove', 'txn', 'metaData', 'protocol'] as const;

/** The action of a row; undefined for a kind that does not affect the state; false for an invalid one. */
export function actionOf(text: string): Action | undefined | false {
  const row = parseObject(text);
  if (row === undefined) return false;
  const kind = KINDS.find((each) => row[each] !== null && row[each] !== undefined);
  if (kind === undefined) return undefined;
  const action: Action = { [kind]: row[kind] };
  return isWhole(action) && action;
}

export function pointerText(version: number, size: number): string {
  return JSON.stringify({ version, size });
}

/** The checkpoint that a pointer names; undefined if the pointer cannot be read. */
export function pointedAt(text: string): CheckpointAt | undefined {
  const { version, parts } = parseObject(text) ?? {};
  if (!Number.isSafeInteger(version) || (version as number) < 0) return undefined;
  const inParts = Number.isSafeInteger(parts) && (parts as number) > 0 ? (parts as number) : undefined;
  return { version: version as number, parts: inParts };
}
