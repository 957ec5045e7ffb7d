/** The parts of kafkajs 2.2.4 that are used here and have no types of their own. */

declare module 'kafkajs/src/network/connectionPool.js' {
  import type { Socket } from 'node:net';

  export interface Message {
    readonly request: {
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly apiName: string;
      /** Answers what has its bytes as `buffer`, and says so by `buf`. */
      encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
    };
    readonly response: { decode(payload: Buffer): Promise<unknown>; parse(decoded: unknown): Promise<unknown> };
    /** In ms; counts if it is longer than the connection's own. */
    readonly requestTimeout?: number | undefined;
    readonly logResponseError?: boolean;
  }

  export interface Connection {
    send(message: Message): Promise<unknown>;
    isConnected(): boolean;
    rejectRequests(error: Error): void;
    readonly requestQueue: { destroy(): void };
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

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    readonly pending: readonly unknown[];
    scheduleCheckPendingRequests(): void;
    checkPendingRequests(): void;
  }
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  import type { Message } from 'kafkajs/src/network/connectionPool.js';

  export interface Definition {
    readonly versions: readonly string[];
    protocol(options: { version: number }): (parameters: object) => Message;
  }
  const protocol: { readonly requests: Readonly<Record<string, Definition>> };
  export default protocol;
}

declare module 'kafkajs/src/protocol/requests/apiKeys.js' {
  const apiKeys: Readonly<Record<string, number>>;
  export default apiKeys;
}

declare module 'kafkajs/src/protocol/error.js' {
  const errors: {
    readonly errorCodes: readonly { readonly type: string; readonly code: number; readonly message: string }[];
  };
  export default errors;
}

declare module 'kafkajs/src/network/connection.js' {
  import type { Message } from 'kafkajs/src/network/connectionPool.js';

  export default class Connection {
    send(message: Message): Promise<unknown>;
  }
}
