/** The parts of kafkajs 2.2.4 that are used and have no types of their own. */

declare module 'kafkajs/src/network/connectionPool.js' {
  import type { Socket } from 'node:net';

  export interface Message<D, T> {
    readonly request: {
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly apiName: string;
      /** Returns an object that has its bytes in `buffer`, and is marked by `buf`. */
      encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
    };
    readonly response: {
      decode(payload: Buffer): Promise<D & { readonly clientSideThrottleTime: number }>;
      parse(decoded: D): Promise<T>;
    };
    /** In ms; counts if it is longer than the connection's own. */
    readonly requestTimeout?: number | undefined;
    readonly logResponseError?: boolean;
  }

  export interface RequestQueue {
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests(): void;
    checkPendingRequests(): void;
    destroy(): void;
  }

  export interface Connection {
    send<D, T>(message: Message<D, T>): Promise<T>;
    isConnected(): boolean;
    rejectRequests(error: Error): void;
    readonly requestQueue: RequestQueue;
    readonly socket?: Socket;
  }

  export default class ConnectionPool {
    constructor(options: Readonly<Record<string, unknown>>);
    readonly pool: readonly [Connection, Connection];
  }
}

declare module 'kafkajs/src/broker/index.js' {
  import type ConnectionPool from 'kafkajs/src/network/connectionPool.js';

  export default class Broker {
    constructor(options: Readonly<Record<string, unknown>>);
    readonly connectionPool: ConnectionPool;
    readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null;
    connect(): Promise<void>;
  }
}

/** Its encoders and decoders: tests check ours against them. */
declare module 'kafkajs/src/protocol/requests/index.js' {
  export interface Definition {
    readonly versions: readonly string[];
    protocol(options: { version: number }): (parameters: object) => {
      readonly request: { readonly apiKey: number; encode(): Promise<{ readonly buffer: Buffer }> };
      readonly response: { decode(payload: Buffer): Promise<Readonly<Record<string, unknown>>> };
      readonly requestTimeout?: number;
    };
  }
  const protocol: { readonly requests: Readonly<Record<string, Definition>> };
  export default protocol;
}

/** With this, a test counts requests. */
declare module 'kafkajs/src/network/connection.js' {
  import type { Message } from 'kafkajs/src/network/connectionPool.js';

  export default class Connection {
    send(message: Message<unknown, unknown>): Promise<unknown>;
  }
}
