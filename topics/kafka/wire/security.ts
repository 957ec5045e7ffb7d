/** How a connection is encrypted, and as which user it logs in. */
import type { ConnectionOptions } from 'node:tls';

export interface Security {
  readonly tls: ConnectionOptions | undefined;
  readonly sasl: Login | undefined;
}

export type Login =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: string;
    }
  /** `token` returns a token that is valid now. */
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => Promise<string> };
