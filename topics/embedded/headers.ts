/** Headers as one JSON text: strings as they are, bytes as `{"b": base64}`. */
import type { Headers } from '../transport.ts';

const NONE = '{}';
/** Inside a JSON string its quotes would be escaped, so this stands only before bytes. */
const BYTES_AHEAD = ':{"b":"';

export function encodeHeaders(headers: Headers): string {
  for (const name in headers) {
    if (typeof headers[name] !== 'string') return JSON.stringify(mapped(headers, encodeValue));
  }
  return JSON.stringify(headers);
}

export function decodeHeaders(text: string): Headers {
  if (text === NONE) return {};
  const parsed = JSON.parse(text);
  return text.includes(BYTES_AHEAD) ? mapped(parsed, decodeValue) : parsed;
}

type Stored = string | { readonly b: string };

function encodeValue(value: string | Uint8Array): Stored {
  return typeof value === 'string' ? value : { b: Buffer.from(value).toString('base64') };
}

function decodeValue(value: Stored): string | Uint8Array {
  return typeof value === 'string' ? value : new Uint8Array(Buffer.from(value.b, 'base64'));
}

/** `fromEntries` defines properties and so keeps a header named `__proto__`; an assignment would lose it. */
function mapped<A, B>(values: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
