/** Certificates for servers on 127.0.0.1 and localhost, signed by their own authority. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, needed } from './installed.ts';

/** Paths of PEM files. */
export interface Certificates {
  /** The authority's certificate, for clients. */
  readonly ca: string;
  readonly cert: string;
  /** PKCS#8, without a password. */
  readonly key: string;
}

/** Creates them in the folder the first time, and returns the same ones afterwards. */
export function certificates(folder: string): Certificates {
  const path = (name: string): string => join(folder, name);
  const files = { ca: path('ca.crt'), cert: path('server.crt'), key: path('server.key') };
  if (existsSync(files.cert)) return files;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const openssl = (...args: string[]): void => {
    execFileSync(needed('openssl', findProgram('openssl')), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const key = ['-newkey', 'rsa:2048', '-nodes'];
  const ofCa = ['-subj', '/CN=Authority of test servers', '-keyout', path('ca.key'), '-out', files.ca];
  openssl('req', '-x509', ...key, '-days', '3650', ...ofCa);
  openssl('req', ...key, '-subj', '/CN=127.0.0.1', '-keyout', files.key, '-out', path('server.csr'));
  const signed = ['-CA', files.ca, '-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path('names')];
  openssl('x509', '-req', '-in', path('server.csr'), ...signed, '-days', '3650', '-out', files.cert);
  return files;
}
