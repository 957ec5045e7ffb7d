/**
 * The users who were forgotten. Every job folds a later event that names one of them as an erasure, and no rollup counts it
 * (docs/decisions/0071-the-forgotten-stay-forgotten.md).
 *
 * A user is in the store before any partition has a `user.forgotten`. An owner reads the store after it has claimed, and adds the users of
 * the events that it reads. So every owner of a partition knows the user from that event on.
 *
 * The store has a digest instead of the id. The digest is the only trace that stays.
 */
import { hash } from 'node:crypto';
import type { Event, EventDef } from '../../core/event.ts';
import { isOfARow, userForgotten } from '../../core/event.ts';
import { forgottenUsers } from '../../core/forgotten-users.ts';
import { once } from '../../core/once.ts';
import { personsIn } from '../../core/persons.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Topic } from '../../topics/define.ts';
import type { Judged } from './judging.ts';

/** All records share one scope, under one tenant, because an owner reads them all. */
const SCOPE = { tenant: 'default', scope: 'all' } as const;
const PAGE = 1000;

export const digestOf = (tenant: string, userId: string): string =>
  hash('sha256', JSON.stringify([tenant, userId]), 'base64url');

export type ForgottenStore = Pick<Tables, 'apply' | 'select'>;

/** When the user was first forgotten, in ms since 1970 UTC; undefined if never. */
export async function forgottenAt(tables: ForgottenStore, digest: string): Promise<number | undefined> {
  const { items } = await tables.select(forgottenUsers, [SCOPE.tenant, SCOPE.scope, digest], { limit: 1 });
  return items[0]?.['at'] as number | undefined;
}

/** An owner that claims after this applies nothing of the user. */
export async function rememberForgotten(tables: ForgottenStore, digest: string, at: number): Promise<void> {
  const key = [SCOPE.tenant, SCOPE.scope, digest];
  const record = { scope: SCOPE.scope, digest, at };
  await tables.apply(forgottenUsers, [{ key, version: { token: 1, revision: 1 }, record }]);
}

/** The forgotten users that a process knows. */
export class Forgotten {
  readonly #tables: ForgottenStore | undefined;
  readonly #digests = new Set<string>();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** Without tables, it knows only the users that are added. */
  constructor(tables?: ForgottenStore) {
    this.#tables = tables;
  }

  /** Settles when all users that were in the store at the call are known. Concurrent calls share a read that begins after them. */
  load(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#read().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.load();
      });
    return this.#next;
  }

  async #read(): Promise<void> {
    let after: string | undefined;
    do {
      const page = await this.#tables?.select(forgottenUsers, [SCOPE.tenant, SCOPE.scope], { limit: PAGE, after });
      for (const { digest } of page?.items ?? []) this.#digests.add(digest as string);
      after = page?.next;
    } while (after !== undefined);
  }

  add(tenant: string, userId: string): void {
    this.#digests.add(digestOf(tenant, userId));
  }

  /** Whether no user is known to be forgotten. */
  get isNobody(): boolean {
    return this.#digests.size === 0;
  }

  has(tenant: string, userId: string): boolean {
    return this.#digests.size > 0 && this.#digests.has(digestOf(tenant, userId));
  }

  /** The forgotten users that the event names. */
  namedIn(def: EventDef | undefined, { tenant, data }: Pick<Event, 'tenant' | 'data'>): readonly string[] {
    if (this.#digests.size === 0 || def === undefined) return NOBODY;
    return personsIn(def.schema, data).filter((id) => this.has(tenant, id));
  }
}

const NOBODY: readonly string[] = [];

/** Whether the key of the topic's records is a person's id. */
const isOfPersons: (topic: Topic) => boolean = once(({ events, key }) =>
  events.some(({ schema }) => schema.fields.some(({ name, person }) => name === key && person === true)),
);

/** The same types, and `user.forgotten`, which every reader of a topic needs. */
export const withForgotten: (wanted: ReadonlyMap<string, EventDef>) => ReadonlyMap<string, EventDef> = once(
  (wanted) => new Map([...wanted, [userForgotten.type, userForgotten]]),
);

/**
 * Whether the event must not be counted. It is `user.forgotten`, and its user is known from here on; or it names a forgotten user. An event
 * of the runtime for a row names the user of its key.
 */
export function isForgotten(
  judged: Judged,
  { wanted, from }: { readonly wanted: ReadonlyMap<string, EventDef>; readonly from: Topic },
  forgotten: Forgotten,
): boolean {
  if (judged.kind !== 'event') return false;
  const { event } = judged.decoded;
  if (isOfARow(event.type)) {
    const [key] = event.data['row'] as readonly string[];
    return key !== undefined && isOfPersons(from) && forgotten.has(event.tenant, key);
  }
  if (event.type !== userForgotten.type) return forgotten.namedIn(wanted.get(event.type), event).length > 0;
  forgotten.add(event.tenant, event.data['userId'] as string);
  return true;
}
