/** An SMTP server in this process. It stores what it receives, and on demand refuses, delays or requires a login. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { certificates } from './certificates.ts';
import { portFor } from './ports.ts';
import type { Server } from './server.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The whole message as received, headers first. */
  readonly raw: string;
  /** The user who logged in; undefined if nobody did. */
  readonly user: string | undefined;
}

export interface SmtpOptions {
  readonly port?: number;
  /** Mails are also stored here, each as `<number>.eml`; with `tls`, the certificates are too. */
  readonly folder: string;
  /** Without it, everybody may send. */
  readonly login?: { readonly user: string; readonly password: string };
  /** It offers STARTTLS. The authority's certificate is `<folder>/tls/ca.crt`. */
  readonly tls?: boolean;
  /** The answer to a refused recipient: 550 bounces, 451 means later. Called for every recipient, every time. */
  readonly refuse?: (recipient: string) => { readonly code: number; readonly text: string } | undefined;
}

export interface SmtpServer extends Server {
  /** In the order of arrival. */
  readonly received: readonly ReceivedMail[];
}

/** `smtp://127.0.0.1:<port>`, even with `tls`. Received mails survive its stops. */
export async function startSmtp(options: SmtpOptions): Promise<SmtpServer> {
  const port = await portFor(options.port);
  const received: ReceivedMail[] = [];
  mkdirSync(options.folder, { recursive: true });
  let listening: SMTPServer | undefined;
  let paused = Promise.withResolvers<void>();
  paused.resolve();

  const before = readdirSync(options.folder).filter((name) => name.endsWith('.eml')).length;
  const keep = (mail: ReceivedMail): number => {
    const number = before + received.push(mail);
    writeFileSync(join(options.folder, `${number}.eml`), mail.raw);
    return number;
  };

  async function start(): Promise<void> {
    if (listening !== undefined) return;
    const server = new SMTPServer(handlers(options, keep, () => paused.promise));
    // A client that disconnects in the middle of a mail only fails its own connection.
    server.on('error', () => undefined);
    listening = server;
    await new Promise<void>((resolve, reject) => {
      server.server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve());
    });
  }

  /** Within one process, a stop and a kill are the same. */
  async function stop(): Promise<void> {
    const server = listening;
    listening = undefined;
    if (server === undefined) return;
    for (const connection of server.connections) connection.close();
    await new Promise<void>((resolve) => server.close(resolve));
  }

  await start();
  return {
    name: 'smtp',
    url: `smtp://127.0.0.1:${port}`,
    received,
    get pid() {
      return listening && process.pid;
    },
    start,
    stop,
    kill: stop,
    pause: () => {
      paused = Promise.withResolvers();
    },
    resume: () => paused.resolve(),
  };
}

/** While the server is paused, every command of a mail transaction waits. */
function handlers(
  { folder, login, tls, refuse }: SmtpOptions,
  keep: (mail: ReceivedMail) => number,
  notPaused: () => Promise<void>,
): SMTPServerOptions {
  const files = tls ? certificates(join(folder, 'tls')) : undefined;
  return {
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    ...(files ? { key: readFileSync(files.key), cert: readFileSync(files.cert) } : { disabledCommands: ['STARTTLS'] }),
    onConnect: (_session, done) => void notPaused().then(() => done()),
    onAuth({ username, password }, _session, done) {
      const fits = username === login?.user && password === login?.password;
      void notPaused().then(() => (fits ? done(null, { user: username }) : done(new Error('wrong user or password'))));
    },
    onMailFrom: (_address, _session, done) => void notPaused().then(() => done()),
    onRcptTo({ address }, _session, done) {
      const refusal = refuse?.(address);
      const error = refusal && Object.assign(new Error(refusal.text), { responseCode: refusal.code });
      void notPaused().then(() => done(error));
    },
    onData(stream, { envelope, user }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const from = envelope.mailFrom ? envelope.mailFrom.address : '';
        const to = envelope.rcptTo.map(({ address }) => address);
        void notPaused().then(() => done(null, `kept as ${keep({ from, to, raw: `${Buffer.concat(chunks)}`, user })}`));
      });
    },
  };
}
