/**
 * Finds out what listens at an address by connecting to it. This is only for error messages: when a connection fails, is TLS used on one
 * side only? Neither side reports that. The symptom is a timeout, a closed connection, or an error about versions.
 *
 * Nothing secret is sent, so it does not matter who answers, and certificates are not checked.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How to recognise a protocol: the bytes to send, possibly none, and a test for answers that only a server of the protocol gives. */
export interface Hello {
  readonly say: Uint8Array;
  readonly isKnown: (answer: Buffer) => boolean;
}

const PATIENCE_MS = 2000;

export const HTTP: Hello = {
  say: Buffer.from('HEAD / HTTP/1.0\r\n\r\n'),
  // HTTPS servers answer plain HTTP with 400, in plain HTTP.
  isKnown: (answer) => /^HTTP\/1\.[01] (?!400)\d/.test(answer.toString('latin1')),
};

/** The address of an `http://` or `https://` URL. */
export function addressOf({ hostname, port, protocol }: URL): Address {
  return {
    // A socket takes an IPv6 address without brackets.
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

/** Whether the address speaks the protocol without TLS, or speaks TLS; undefined if neither is certain. */
export async function spokenAt(address: Address, hello: Hello): Promise<'plain' | 'tls' | undefined> {
  if (hello.isKnown(await answerOf(address, 'plain', hello.say, hello.isKnown))) return 'plain';
  return (await isTls(address)) ? 'tls' : undefined;
}

/** Sends `say` and returns the answer: until it is enough, the connection ends, or `PATIENCE_MS` have passed. Never rejects. */
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
    // A server that sends an alert speaks TLS. The alert may be about our versions, or a client certificate that we do not have.
    socket.on('error', (error: NodeJS.ErrnoException) => end(/ALERT/.test(error.code ?? '')));
    socket.on('close', () => end(false));
  });
}

const tlsTo = (address: Address): Socket => connectTls({ ...address, rejectUnauthorized: false });
