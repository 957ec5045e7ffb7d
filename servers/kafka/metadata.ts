/** The part of Kafka's protocol that shows whether a broker serves requests. https://kafka.apache.org/protocol.html */

/** A Metadata request, version 0: length, key, version, correlation id, null client id, and no topics. */
export const METADATA = Buffer.from([0, 0, 0, 14, 0, 3, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0]);

const BROKERS_AT = 8;

/** Whether a response lists all of these brokers: length, correlation id, then an id, a host and a port for each. */
export const listsBrokers =
  (ids: readonly number[]) =>
  (reply: Buffer): boolean => {
    const found = new Set<number>();
    let at = BROKERS_AT + 4;
    for (let left = reply.readInt32BE(BROKERS_AT); left > 0; left -= 1) {
      found.add(reply.readInt32BE(at));
      at += 4 + 2 + reply.readInt16BE(at + 4) + 4;
    }
    return ids.every((id) => found.has(id));
  };
