/** A registry in memory. Like Confluent's, it gives equal schemas one id. It can be away, and it counts its requests. */
import { TributaryError } from '../../../core/errors.ts';
import type { Registry } from '../../../topics/codec/registry.ts';

export class MemoryRegistry implements Registry {
  readonly #schemas: string[] = [];
  away = false;
  asked: number[] = [];

  async register(_subject: string, schema: string): Promise<number> {
    this.#answer();
    const known = this.#schemas.indexOf(schema);
    return known >= 0 ? known + 1 : this.#schemas.push(schema);
  }

  async schema(id: number): Promise<string | undefined> {
    this.#answer();
    this.asked.push(id);
    return this.#schemas[id - 1];
  }

  async close(): Promise<void> {}

  #answer(): void {
    if (this.away) throw new TributaryError('REGISTRY_AWAY', 'the registry does not answer');
  }
}
