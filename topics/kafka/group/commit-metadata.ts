/**
 * The metadata of a committed offset, as text: the version of this format, the offset with which it
 * was committed, and the committer's metadata. If that offset differs from the committed one,
 * somebody else has committed: Kafka's own tools move the offset and clear the metadata.
 *
 *   tributary1/<offset>/=<metadata>                          as they are
 *   tributary1/<offset>/~<base64>                            compressed
 *   tributary1/<offset>/@<partition>/<offset>/<checksum>     in the metadata topic, if they are longer than brokers accept
 *
 * Before there was a version, the text had neither version nor offset: it was a JSON list, or
 * compressed text after `~`.
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { TributaryError } from '../../../core/errors.ts';

const VERSION = 1;
const FORM = /^tributary(\d+)\/(?:(\d+)\/([\s\S]*))?/;
const REFERENCE = /^@(\d+)\/(\d+)\/([0-9a-f]+)$/;
/** Texts without a version: metadata of jobs, and those of the demo's import. */
const OLD = /^(~|\[\[|\{"made":)/;
/** Longer metadata are compressed. */
const LONGEST_PLAIN = 1000;

/** The record with metadata that are too long for the committed offset. */
export interface Reference {
  readonly partition: number;
  readonly offset: number;
  readonly checksum: string;
}

export type Unsealed =
  /** Undefined if somebody else committed the offset. */
  { readonly metadata: string } | { readonly reference: Reference } | undefined;

/** `body` comes from `encodeMetadata` or `referring`. */
export const seal = (offset: number, body: string): string => `tributary${VERSION}/${offset}/${body}`;

/** The metadata in the form without a reference, compressed if they are long. */
export function encodeMetadata(metadata: string): string {
  return metadata.length <= LONGEST_PLAIN ? `=${metadata}` : `~${pack(metadata).toString('base64')}`;
}

export const referring = ({ partition, offset, checksum }: Reference): string => `@${partition}/${offset}/${checksum}`;

/** `offset` is the committed one. Throws FORMAT_NEWER if a newer release wrote the metadata. */
export function unseal(metadata: string, offset: number): Unsealed {
  const [, version, sealedFor, body = ''] = FORM.exec(metadata) ?? [];
  if (version === undefined) return unsealOld(metadata);
  if (Number(version) > VERSION) {
    throw new TributaryError(
      'FORMAT_NEWER',
      `an offset has metadata of version ${version}, and this release knows ${VERSION}: they were written by a newer release; finish the deployment`,
    );
  }
  if (Number(sealedFor) !== offset) return undefined;
  const reference = REFERENCE.exec(body);
  if (reference === null) return { metadata: body.startsWith('=') ? body.slice(1) : opened(body) };
  const [, partition, offsetText, checksum] = reference;
  return { reference: { partition: Number(partition), offset: Number(offsetText), checksum: checksum as string } };
}

function unsealOld(metadata: string): Unsealed {
  if (!OLD.test(metadata)) return undefined;
  try {
    return { metadata: opened(metadata) };
  } catch {
    return undefined;
  }
}

function opened(text: string): string {
  return text.startsWith('~') ? unpack(Buffer.from(text.slice(1), 'base64')) : text;
}

/** At the cheapest level: metadata are written with every commit, and compression blocks the event loop. */
export const pack = (metadata: string): Buffer => deflateRawSync(metadata, { level: 1 });

export const unpack = (bytes: Uint8Array): string => inflateRawSync(bytes).toString();

export const checksumOf = (bytes: Uint8Array): string => crc32(bytes).toString(16);
