/**
 * The objects port: segments and report files, by name. A name is a path of segments joined by "/". Each segment
 * consists of letters, digits and `._=-`; "." and ".." are not allowed.
 *
 * Every implementation guarantees the following; `test/contracts/objects.ts` checks each of them:
 *
 * - An object appears whole or not at all; a writer that fails or dies leaves nothing readable.
 * - `create` creates the object if and only if the name is free. Of several concurrent calls exactly one succeeds; the
 *   others get ALREADY_EXISTS. `put` replaces an existing object.
 * - A read sees one whole version, even while the object is being replaced.
 */
export interface ObjectInfo {
  readonly name: string;
  readonly bytes: number;
  /** In ms since 1970 UTC. */
  readonly modifiedAt: number;
}

export type ObjectBody = Uint8Array | AsyncIterable<Uint8Array>;

export interface Objects {
  put(name: string, body: ObjectBody): Promise<ObjectInfo>;
  /** Throws ALREADY_EXISTS if the name is taken. */
  create(name: string, body: ObjectBody): Promise<ObjectInfo>;
  /** The bytes of the object or of the range, without the byte at `end`. Throws NOT_FOUND. */
  get(name: string, range?: { start: number; end: number }): Promise<AsyncIterable<Uint8Array>>;
  head(name: string): Promise<ObjectInfo | undefined>;
  /** All objects whose name begins with the prefix, in the order of their names. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Removing an object that does not exist is no error. */
  remove(name: string): Promise<void>;
  /**
   * A link with which anybody can read the object until `expiresAt` (ms since 1970 UTC). Browsers save the object as
   * `fileName`, which consists of letters, digits and `._-`; by default, as the last segment of the name.
   */
  link(name: string, expiresAt: number, fileName?: string): Promise<string>;
  close(): Promise<void>;
}
