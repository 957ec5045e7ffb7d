/** Objects for tests. */
import type { ObjectInfo, Objects } from '../../sinks/objects/port.ts';

export interface ObjectsUnderTest {
  readonly objects: Objects;
  /** Fetches a link as a browser would; undefined if the link is refused. */
  follow(link: string): Promise<Uint8Array | undefined>;
}

export function bytes(content: string): Uint8Array {
  return Buffer.from(content);
}

export async function bodyOf(objects: Objects, name: string, range?: { start: number; end: number }): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(await objects.get(name, range)));
}

export async function text(objects: Objects, name: string, range?: { start: number; end: number }): Promise<string> {
  return (await bodyOf(objects, name, range)).toString();
}

export async function infos(objects: Objects, prefix: string): Promise<ObjectInfo[]> {
  return Array.fromAsync(objects.list(prefix));
}

export async function names(objects: Objects, prefix: string): Promise<string[]> {
  return (await infos(objects, prefix)).map((info) => info.name);
}
