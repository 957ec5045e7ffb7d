/**
 * How a route of the HTTP service is declared: its address, its input and answers, and who may call it. Checks, the OpenAPI document and
 * the tenant tests are derived from the declaration. A route knows no HTTP library, clock or logger; what it needs is passed in.
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

/** The caller, as authenticated. */
export interface Caller {
  /** Unique within the tenant. */
  readonly user: string;
  readonly tenant: string;
  readonly roles: readonly Role[];
  readonly scopes: readonly Scope[];
}

/** An action of a caller, for the audit log. It has no values of parameters. */
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
  /** The id of a single letter, or the number of letters. */
  readonly deadLetter?: string;
  readonly deadLetters?: number;
  /** Whether the caller asked for personal data. */
  readonly personal?: boolean;
  /** Why the caller may see them: they are about the caller, or the person has consented. */
  readonly basis?: 'self' | 'consent';
}

/** The log to which the events of callers are produced. */
export interface EventLog {
  /** What it takes to make records of the topic. Throws CONFIG_INVALID if the log does not have the topic. */
  targetOf(topic: Topic): Promise<Target>;
  /** All or nothing. Returns the offset of each record, in the order given. */
  append(records: readonly NewRecord[]): Promise<number[]>;
}

/** The stores of the records that jobs keep for readers. */
export interface Projections {
  readonly tables: Pick<Tables, 'select'>;
  readonly search: Pick<Search, 'search'>;
  readonly cache: Pick<Cache, 'read' | 'subscribe'>;
}

/** What the service tells about itself. */
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
  /** Whether a link to an object is genuine and still valid. Undefined if another server serves the objects. */
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
  /** Keyed by name in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Whether the caller only wants the headers of the answer. Then a file need not be opened. */
  readonly isHead: boolean;
  /** Aborted when the caller is gone, or has waited too long. */
  readonly signal: AbortSignal;
  /** Aborted when the process has to stop. */
  readonly stopping: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or bytes with a `content-type` header; undefined for none. */
  readonly body?: unknown;
  readonly stream?: AsyncIterable<Uint8Array | string>;
}

interface Documented {
  readonly doc: string;
  /** The schema of a JSON body. */
  readonly body?: z.ZodType;
  /** The media type of another body. */
  readonly type?: string;
  /** Headers worth knowing, with their meaning. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  /** Also the name of the operation in generated clients. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `{name}` is a variable part. A last `{name*}` may contain slashes. */
  readonly path: string;
  readonly summary: string;
  readonly doc?: string;
  /** `any`: anybody who signed in. Null: anybody who knows the address; then there is no caller. */
  readonly scope: Scope | 'any' | null;
  readonly takes: {
    readonly path?: z.ZodObject;
    readonly query?: z.ZodObject;
    readonly body?: z.ZodType;
    /** The headers it uses, with their purpose. */
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** Keyed by status. */
  readonly answers: Readonly<Record<number, Documented>>;
  /** The schema of the body in the OpenAPI document, if it can be more precise than the first check. */
  readonly bodySchema?: Readonly<Record<string, unknown>>;
  /** The schema by media type, if the body may be something other than `application/json`. All are parsed as JSON. */
  readonly bodyTypes?: Readonly<Record<string, z.ZodType>>;
  /** The largest body, in bytes; undefined for the general limit. */
  readonly mostBytes?: number;
  /** Whether it may fail because of the state of something, or because a name is taken: 409. */
  readonly mayConflict?: boolean;
  /** Whether the answer may last as long as the caller stays connected. */
  readonly isLong: boolean;
  /** How many calls of one caller may run at once in one process; undefined for any number. */
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
