/**
 * The schema registry port: ids of Avro schemas, as the Confluent wire format carries them (one zero byte, the
 * id in four bytes big-endian, the Avro body). Subjects are named by topic and record.
 *
 * An id never changes its schema, so what was read once is known for ever: a registry that is away stops no
 * records whose ids are known.
 */
export interface Registry {
  /** The id of the schema under the subject, registering it if it is new there. `schema` is its JSON text. */
  register(subject: string, schema: string): Promise<number>;
  /** The JSON text of the schema; undefined when the registry has no such id. */
  schema(id: number): Promise<string | undefined>;
  close(): Promise<void>;
}

/** TopicRecordNameStrategy of the Confluent registry. */
export function subjectOf(topic: string, namespace: string | undefined, record: string): string {
  return `${topic}-${namespace === undefined ? record : `${namespace}.${record}`}`;
}
