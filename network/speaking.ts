/**
 * What listens at an address, found out by speaking to it. For messages alone: when a connection cannot be made, whether it is that one
 * side speaks TLS and the other does not. Neither side says so by itself; what comes of it is a timeout, a closed connection, or a sentence
 * about versions.
 *
 * Nothing secret is said here, so that it does not matter who answers: certificates are not looked at.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How to tell that a port speaks a protocol: what is said, which may be nothing, and which answers only those give who speak it. */
export interface Hello {
  readonly say: Uint8Array;
  readonly isKnown: (answer: Buffer) => boolean;
}

const PATIENCE_MS = 2000;

export const HTTP: Hello = {
  say: Buffer.from('HEAD / HTTP/1.0\r\n\r\n'),
  // Servers of HTTPS answer plain HTTP with 400, in plain HTTP.
  isKnown: (answer) => /^HTTP\/1\.[01] (?!400)\d/.test(answer.toString('latin1')),
};

/** Of `http://` and `https://`. */
export function addressOf({ hostname, port, protocol }: URL): Address {
  return {
    // An address of IPv6 has no brackets there.
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

/** Whether the protocol is spoken there as it is, or TLS is; undefined if neither can be told. */
export async function spokenAt(address: Address, hello: Hello): Promise<'plain' | 'tls' | undefined> {
  if (hello.isKnown(await answerOf(address, 'plain', hello.say, hello.isKnown))) return 'plain';
  return (await isTls(address)) ? 'tls' : undefined;
}

/** What is answered until it is enough, the connection ends, or some time has passed. */
export function answerOf(
  address: Address,
  over: 'plain' | 'tls',
  say: Uint8Array,
  isEnough: (answer: Buffer) => boolean,
): Promise<Buffer> {
  return new Promise((resolve) => {
    let answer: Buffer = Buffer.alloc(0);
    const socket = over === 'tls' ? tlsTo(address) : connectPlain({ ...address });
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(end, PATIENCE_MS);
    socket.on(over === 'tls' ? 'secureConnect' : 'connect', () => socket.write(say));
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk]);
      if (isEnough(answer)) end();
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}

function isTls(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tlsTo(address);
    const end = (is: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(is);
    };
    const timer = setTimeout(() => end(false), PATIENCE_MS);
    socket.on('secureConnect', () => end(true));
    // Who sends an alert speaks TLS: of our versions, say, or of a certificate that we do not show.
    socket.on('error', (error: NodeJS.ErrnoException) => end(/ALERT/.test(error.code ?? '')));
    socket.on('close', () => end(false));
  });
}

const tlsTo = (address: Address): Socket => connectTls({ ...address, rejectUnauthorized: false });
