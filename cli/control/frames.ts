/**
 * Frames of the control socket, in both directions: the payload's length (4 bytes, big-endian), the kind (1 byte), the
 * payload.
 */
export const FRAME = {
  // to the process that has the folder
  call: 1,
  /** A piece of the input, requested by `pull`; an empty one is the end. */
  input: 2,
  /** The command has to end. */
  stop: 3,
  /** Instead of a call: asks for the folder. */
  ask: 9,
  // from it
  begun: 4,
  pull: 5,
  out: 6,
  err: 7,
  /** The exit code, as text. */
  exit: 8,
  /** The command has to be called again with other arguments, as JSON, because the folder goes to another process. */
  again: 10,
  /** The folder is free once this connection ends. */
  granted: 11,
  refused: 12,
} as const;

export interface Frame {
  readonly kind: number;
  readonly payload: Buffer;
}

const HEADER = 5;
const LARGEST = 256 * 1024 * 1024;

export function frame(kind: number, payload: Uint8Array | string = ''): Buffer {
  const body = Buffer.from(payload);
  const bytes = Buffer.allocUnsafe(HEADER + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.writeUInt8(kind, 4);
  body.copy(bytes, HEADER);
  return bytes;
}

/** Accepts bytes as they arrive and returns the frames that are complete. */
export function frameReader(): (chunk: Buffer) => Frame[] {
  let chunks: Buffer[] = [];
  let length = 0;
  let wanted = HEADER;
  return (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    const frames: Frame[] = [];
    if (length < wanted) return frames;
    let bytes = Buffer.concat(chunks, length);
    for (;;) {
      wanted = bytes.length < HEADER ? HEADER : HEADER + bytes.readUInt32BE(0);
      if (wanted > LARGEST) throw new Error(`a frame of ${wanted} bytes is not from Tributary`);
      if (bytes.length < wanted) break;
      frames.push({ kind: bytes.readUInt8(4), payload: bytes.subarray(HEADER, wanted) });
      bytes = bytes.subarray(wanted);
    }
    chunks = [bytes];
    length = bytes.length;
    return frames;
  };
}
