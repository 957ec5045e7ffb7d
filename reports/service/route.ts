/**
 * How a route of the HTTP service is declared: its address, what it takes and answers, and who may call it. Checks, the OpenAPI document and
 * the tests of tenants follow from the declaration. A route knows no HTTP library, no clock and no logger: what it needs is handed in.
 */
import type { z } from 'zod';
import type { Clock } from '../../jobs/runtime/stores.ts';
import type { Cache } from '../../sinks/cache/port.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import type { Requests } from '../../sinks/requests/port.ts';
import type { Search } from '../../sinks/search/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Target } from '../../topics/codec/given-event.ts';
import type { Topic } from '../../topics/define.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import type { Datasource } from '../define-datasource.ts';
import type { Report, Role } from '../define-report.ts';
import type { RowSources } from '../requesting/rows.ts';
import type { SealingKeys } from '../requesting/sealing.ts';
import type { Scope } from '../rights.ts';
import type { Operations } from './operate/operations.ts';

/** Who calls, as it was proved. */
export interface Caller {
  /** Within the tenant. */
  readonly user: string;
  readonly tenant: string;
  readonly roles: readonly Role[];
  readonly scopes: readonly Scope[];
}

/** Something that a caller did, for the audit log. Values of parameters are not in it. */
export interface AuditEntry {
  readonly action: string;
  readonly report?: string;
  readonly request?: string;
  readonly schedule?: string;
  readonly datasource?: string;
  readonly projection?: string;
  readonly topic?: string;
  readonly events?: number;
  readonly job?: string;
  /** The id of one, or how many. */
  readonly deadLetter?: string;
  readonly deadLetters?: number;
  /** Whether personal data were asked for. */
  readonly personal?: boolean;
  /** Why they may be seen: they are shown to the person alone, or the person has consented. */
  readonly basis?: 'self' | 'consent';
}

/** Where events go that callers produce. */
export interface EventLog {
  /** What is needed to make records of the topic. Throws CONFIG_INVALID if the log does not have it. */
  targetOf(topic: Topic): Promise<Target>;
  /** All or nothing. Answers the offset of each record, in the order given. */
  append(records: readonly NewRecord[]): Promise<number[]>;
}

/** Where the records are that jobs keep for readers. */
export interface Projections {
  readonly tables: Pick<Tables, 'select'>;
  readonly search: Pick<Search, 'search'>;
  readonly cache: Pick<Cache, 'read' | 'subscribe'>;
}

/** What the service says of itself. */
export interface About {
  readonly version: string;
  readonly zone: string | null;
  readonly signIn: {
    readonly access: 'local' | 'signed-in';
    readonly providers: readonly { readonly issuer: string; readonly client: string; readonly scope: string }[];
  };
}

/** What routes work with. */
export interface Service {
  readonly about: About;
  readonly reports: readonly Report[];
  readonly datasources: readonly Datasource[];
  readonly requests: Requests;
  readonly objects: Objects;
  readonly sources: RowSources;
  readonly events: EventLog;
  readonly projections: Projections;
  readonly operations: Operations;
  readonly keys: SealingKeys | undefined;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  /** How long files are kept, in ms. */
  readonly keepMs: number;
  /** Whether a link to an object is genuine and still holds; undefined if somebody else serves the objects. */
  readonly isLinkValid: ((link: ObjectLink, now: number) => boolean) | undefined;
  audit(caller: Pick<Caller, 'user' | 'tenant'>, entry: AuditEntry): void;
}

export interface ObjectLink {
  readonly name: string;
  /** In ms since 1970 UTC. */
  readonly expires: number;
  readonly file: string;
  readonly signature: string;
}

type Shape = z.ZodObject | undefined;
type Read<S> = S extends z.ZodType ? z.output<S> : undefined;

export interface Call<P = unknown, Q = unknown, B = unknown> {
  readonly caller: Caller;
  readonly path: P;
  readonly query: Q;
  readonly body: B;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Whether the caller wants the headers of the answer alone: then a file need not be opened. */
  readonly isHead: boolean;
  /** Aborted when the caller is gone, or has waited for too long. */
  readonly signal: AbortSignal;
  /** Aborted when the process is asked to stop. */
  readonly stopping: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or bytes with a `content-type` among the headers; undefined for none. */
  readonly body?: unknown;
  readonly stream?: AsyncIterable<Uint8Array | string>;
}

interface Documented {
  readonly doc: string;
  /** Of a JSON body. */
  readonly body?: z.ZodType;
  /** Of another body. */
  readonly type?: string;
  /** Headers worth knowing, with what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  /** Also the name by which generated clients call it. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `{name}` for each part that is given. A last `{name*}` may have slashes. */
  readonly path: string;
  readonly summary: string;
  readonly doc?: string;
  /** `any`: whoever signed in. Null: whoever has the address; then there is no caller. */
  readonly scope: Scope | 'any' | null;
  readonly takes: {
    readonly path?: z.ZodObject;
    readonly query?: z.ZodObject;
    readonly body?: z.ZodType;
    /** Headers it heeds, with what they are for. */
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** By status. */
  readonly answers: Readonly<Record<number, Documented>>;
  /** How the body looks in the OpenAPI document, where that can say more than is checked at first. */
  readonly bodySchema?: Readonly<Record<string, unknown>>;
  /** By media type, where the body may be other than `application/json`: how it looks. All are read as JSON. */
  readonly bodyTypes?: Readonly<Record<string, z.ZodType>>;
  /** The largest body, in bytes; undefined: as everywhere. */
  readonly mostBytes?: number;
  /** Whether it may find something in a state in which it cannot be done, or a name taken: 409. */
  readonly mayConflict?: boolean;
  /** Whether the answer may last as long as the caller stays. */
  readonly isLong: boolean;
  /** How many calls of one caller may be at work at once, in one process; undefined: any number. */
  readonly mostAtOnce?: number;
  run(call: Call, service: Service): Promise<Answer>;
}

interface Declared<P extends Shape, Q extends Shape, B extends z.ZodType | undefined>
  extends Omit<Route, 'takes' | 'run' | 'isLong'> {
  readonly takes?: { path?: P; query?: Q; body?: B; headers?: Readonly<Record<string, string>> };
  readonly isLong?: boolean;
  readonly run: (call: Call<Read<P>, Read<Q>, Read<B>>, service: Service) => Promise<Answer>;
}

export function defineRoute<
  P extends Shape = undefined,
  Q extends Shape = undefined,
  B extends z.ZodType | undefined = undefined,
>(declared: Declared<P, Q, B>): Route {
  const run = declared.run as Route['run'];
  return { isLong: false, ...declared, takes: (declared.takes ?? {}) as Route['takes'], run };
}
