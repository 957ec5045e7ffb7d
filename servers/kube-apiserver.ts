/**
 * The API server of Kubernetes with its etcd, and nothing else. It accepts, validates and stores objects, but nothing acts on them: there
 * are no controllers, no nodes and no pods.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findProgram, installed, needed } from './installed.ts';
import { answersHttp, freePorts } from './ports.ts';
import { type Server, startServer } from './server.ts';

const TOKEN = 'tributary-admin';

export interface KubeServer {
  /** For kubectl and Helm. */
  readonly kubeconfig: string;
  /** `body` is YAML or JSON. Returns the status and the object of the answer. */
  call(method: string, path: string, call?: { readonly body: string; readonly type: string }): Promise<KubeAnswer>;
  stop(): Promise<void>;
}

export interface KubeAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever object was asked for
  readonly object: any;
}

export async function startKubernetes(folder: string): Promise<KubeServer> {
  mkdirSync(folder, { recursive: true });
  const [client = 0, peer = 0, port = 0] = await freePorts(3);
  const etcd = await startEtcd(folder, { client, peer });
  try {
    const server = await startApiServer(folder, { etcd: etcd.url, port });
    const certificate = join(folder, 'certificates/apiserver.crt');
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOf(server.url));
    const ca = readFileSync(certificate);
    return {
      kubeconfig,
      call: (method, path, call) => send({ url: `${server.url}${path}`, ca, method, ...call }),
      async stop() {
        await server.stop();
        await etcd.stop();
      },
    };
  } catch (error) {
    await etcd.kill();
    throw error;
  }
}

function startEtcd(folder: string, { client, peer }: { client: number; peer: number }): Promise<Server> {
  const url = `http://127.0.0.1:${client}`;
  const between = `http://127.0.0.1:${peer}`;
  return startServer({
    name: 'etcd',
    url,
    folder,
    command: needed('etcd', findProgram('etcd')),
    args: [
      ...['--name=one', `--data-dir=${join(folder, 'etcd')}`, '--unsafe-no-fsync'],
      ...[`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`],
      ...[
        `--listen-peer-urls=${between}`,
        `--initial-advertise-peer-urls=${between}`,
        `--initial-cluster=one=${between}`,
      ],
    ],
    ready: () => answersHttp(`${url}/health`),
  });
}

function startApiServer(folder: string, { etcd, port }: { etcd: string; port: number }): Promise<Server> {
  const key = join(folder, 'accounts.key');
  if (!existsSync(key)) execFileSync('openssl', ['genrsa', '-out', key, '2048'], { stdio: 'ignore' });
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, `${TOKEN},admin,admin,system:masters\n`);
  const url = `https://127.0.0.1:${port}`;
  return startServer({
    name: 'kube-apiserver',
    url,
    folder,
    command: join(installed('kube-apiserver'), 'kube-apiserver'),
    args: [
      ...[
        `--etcd-servers=${etcd}`,
        '--bind-address=127.0.0.1',
        '--advertise-address=127.0.0.1',
        `--secure-port=${port}`,
      ],
      ...[`--cert-dir=${join(folder, 'certificates')}`, `--token-auth-file=${tokens}`, '--authorization-mode=RBAC'],
      ...['--service-cluster-ip-range=10.0.0.0/24', '--endpoint-reconciler-type=none'],
      ...['--service-account-issuer=https://kubernetes.default.svc', `--service-account-key-file=${key}`],
      // Its controller does not run, so the service account of the namespace would never be created.
      ...[`--service-account-signing-key-file=${key}`, '--disable-admission-plugins=ServiceAccount'],
    ],
    ready: async () => {
      const ca = readFileSync(join(folder, 'certificates/apiserver.crt'));
      return (await send({ url: `${url}/readyz`, ca, method: 'GET' })).status === 200;
    },
  });
}

interface Sent {
  readonly url: string;
  readonly ca: Buffer;
  readonly method: string;
  readonly body?: string;
  readonly type?: string;
}

async function send({ url, ca, method, body, type = 'application/yaml' }: Sent): Promise<KubeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<KubeAnswer>();
  const headers = { authorization: `Bearer ${TOKEN}`, accept: 'application/json', 'content-type': type };
  const asked = request(url, { method, ca, headers }, async (answer) => {
    const said = await text(answer);
    const isJson = answer.headers['content-type']?.startsWith('application/json') ?? false;
    resolve({ status: answer.statusCode ?? 0, object: isJson ? JSON.parse(said) : said });
  });
  asked.once('error', reject).end(body);
  return promise;
}

const kubeconfigOf = (server: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'one', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'one', user: { token: TOKEN } }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    'current-context': 'one',
  });
