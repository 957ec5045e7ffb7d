/**
 * The schema registry port: the ids of Avro schemas that the Confluent wire format carries (one zero byte, the
 * id in four bytes big-endian, the Avro body). Subjects are named by topic and record.
 *
 * The schema of an id never changes, so it is read only once. While the registry does not answer, records with known ids are still
 * decoded.
 */
export interface Registry {
  /** Returns the id of the schema under the subject, and registers it if it is new there. `schema` is its JSON text. */
  register(subject: string, schema: string): Promise<number>;
  /** The JSON text of the schema; undefined if the registry has no such id. */
  schema(id: number): Promise<string | undefined>;
  close(): Promise<void>;
}

/** TopicRecordNameStrategy of the Confluent registry. */
export function subjectOf(topic: string, namespace: string | undefined, record: string): string {
  return `${topic}-${namespace === undefined ? record : `${namespace}.${record}`}`;
}
