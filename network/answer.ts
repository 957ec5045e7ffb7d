import type { IncomingMessage } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** The whole response as text. Rejects if it has more than `largest` bytes, or breaks off. */
export function answerOf(response: IncomingMessage, largest: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > largest) response.destroy(new Error(`its answer is larger than ${largest} bytes`));
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    response.on('error', reject);
  });
}
