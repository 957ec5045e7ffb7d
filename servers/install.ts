/**
 * `npm run servers:install [-- <part>…]`: installs what the real servers need. Missing programs of the system come from apt. The rest goes
 * into `.servers/` of the checkout by Maven and Go: the named parts, or all but Trino, Druid, Keycloak and those of Kubernetes. A part
 * whose inputs have not changed is left alone, so a second run ends at once.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { archiveClasses } from './archives.ts';
import { findPostgres, findProgram, java17, java21, java24, partFolder } from './installed.ts';
import { here, PARTS, type Part, type Unpacked } from './parts.ts';

/** The folder into which Go's own archive is unpacked. Not every PATH has it. */
const GO = '/usr/local/go/bin';

/** A program of the system: the Debian packages that provide it, and what to do where they do not exist. */
interface Program {
  readonly name: string;
  readonly find: () => string | undefined;
  readonly packages: readonly string[];
  readonly otherwise: string;
  /** The part that needs it, if there is only one. */
  readonly part?: string;
}

const PROGRAMS: readonly Program[] = [
  program('redis-server', 'redis-server'),
  program('redis-cli', 'redis-tools'),
  program('openssl', 'openssl'),
  program('setpriv', 'util-linux'),
  {
    name: 'postgres',
    find: () => findPostgres('postgres'),
    packages: ['postgresql'],
    otherwise: 'install Postgres 15 or newer',
  },
  {
    name: 'Java 17',
    find: java17,
    packages: ['openjdk-17-jdk-headless'],
    otherwise: 'Kafka, Cassandra and the registry run on it: install a JDK 17 under /usr/lib/jvm, or set JAVA17_HOME',
  },
  {
    name: 'Java 21 or newer',
    find: java21,
    packages: ['openjdk-21-jdk-headless'],
    otherwise: 'Elasticsearch 9 runs on it: install a JDK 21 or newer under /usr/lib/jvm, or set JAVA21_HOME',
  },
  {
    name: 'Java 24 or newer',
    find: java24,
    packages: ['openjdk-25-jdk-headless'],
    otherwise: 'Trino runs on it: install a JDK 24 or newer under /usr/lib/jvm, or set JAVA24_HOME',
    part: 'trino',
  },
  program('mvn', 'maven'),
  {
    name: 'Go',
    find: findGo,
    packages: ['golang-go'],
    otherwise: 'the S3 server is built by it: install Go 1.26, or 1.21 and newer, which gets 1.26 by itself',
  },
  { ...program('prometheus', 'prometheus'), part: 'kubernetes' },
  { ...program('promtool', 'prometheus'), part: 'kubernetes' },
  { ...program('etcd', 'etcd-server'), part: 'kube-apiserver' },
];

function program(name: string, debian: string): Program {
  return {
    name,
    find: () => findProgram(name),
    packages: [debian],
    otherwise: `install ${name} so that it is on the PATH`,
  };
}

/** A Go that understands go.mod and can fetch the version named there. */
function findGo(): string | undefined {
  const go = findProgram('go') ?? findProgram('go', [GO]);
  const minor = go && /go1\.(\d+)/.exec(execFileSync(go, ['env', 'GOVERSION'], { encoding: 'utf8' }))?.[1];
  return Number(minor ?? 0) >= 21 ? go : undefined;
}

function installPrograms(): void {
  const needed = PROGRAMS.filter(({ part }) => part === undefined || wanted.some(({ name }) => name === part));
  const packages = needed.filter(({ find }) => find() === undefined).flatMap((missing) => missing.packages);
  if (packages.length > 0 && findProgram('apt-get') !== undefined) aptInstall(packages);
  const missing = needed.filter(({ find }) => find() === undefined);
  if (missing.length === 0) return;
  throw new Error(missing.map(({ name, otherwise }) => `${name} is missing: ${otherwise}.`).join('\n'));
}

/** RUNLEVEL=1 keeps Debian from starting installed servers on the usual ports. Packages that apt does not know are left out. */
function aptInstall(wanted: readonly string[]): void {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo'];
  const apt = (...args: string[]): void => {
    const [command = '', ...rest] = [
      ...asRoot,
      'env',
      'RUNLEVEL=1',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      '-q',
      ...args,
    ];
    execFileSync(command, rest, { stdio: ['ignore', 'inherit', 'inherit'] });
  };
  apt('update');
  const known = wanted.filter((name) =>
    execFileSync('apt-cache', ['policy', name], { encoding: 'utf8' }).match(/Candidate: \d/),
  );
  console.log(`apt: installing ${known.join(' ')}`);
  if (known.length > 0) apt('install', '-y', '--no-install-recommends', ...known);
}

const keyOf = ({ files, tool, args, sum, unpacks }: Part): string => {
  const command = [tool, ...args(''), sum?.sha256, ...(unpacks?.folders ?? [])].map((word) =>
    word?.replaceAll(here, ''),
  );
  const hash = createHash('sha256').update(JSON.stringify(command));
  for (const file of files) hash.update(readFileSync(here + file));
  return hash.digest('hex');
};

/** Built next to its destination and then moved there, so that an existing part is always complete. */
async function installPart(part: Part): Promise<void> {
  const { name, tool, args, env, sum, unpacks } = part;
  const folder = partFolder(name);
  const key = `${folder}/.key`;
  if (existsSync(key) && readFileSync(key, 'utf8') === keyOf(part)) return console.log(`${name}: is there`);
  const begun = Date.now();
  console.log(`${name}: installing by ${tool}`);
  const into = partFolder(`${name}.${process.pid}`);
  mkdirSync(into, { recursive: true });
  const log = partFolder(`${name}.install.log`);
  try {
    // Runs in its own folder: the plugin notes there what it has unpacked, and would not unpack it again.
    await run(
      tool === 'node' ? process.execPath : tool,
      args(into),
      { cwd: into, env: { ...process.env, PATH: `${process.env['PATH']}:${GO}`, ...env?.(into) } },
      log,
    );
    if (sum !== undefined) checkSum(`${into}/${sum.file}`, sum.sha256);
    if (sum !== undefined && unpacks !== undefined) unpack(into, sum.file, unpacks);
    if (sum !== undefined) rmSync(`${into}/${sum.file}`, { force: true });
    writeFileSync(`${into}/.key`, keyOf(part));
    rmSync(folder, { recursive: true, force: true });
    renameSync(into, folder);
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
  console.log(`${name}: installed in ${Math.round((Date.now() - begun) / 1000)} s`);
}

function checkSum(file: string, sha256: string): void {
  const found = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (found !== sha256)
    throw new Error(`${file} is not the expected file: its SHA-256 is ${found}, expected ${sha256}`);
}

function unpack(into: string, file: string, { root, folders, without }: Unpacked): void {
  const wanted = folders.map((folder) => `${root}/${folder}`);
  execFileSync('tar', ['xzf', `${into}/${file}`, '-C', into, '--strip-components=1', ...wanted]);
  for (const folder of without) rmSync(`${into}/${folder}`, { recursive: true });
}

async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  log: string,
): Promise<void> {
  const output = openSync(log, 'w');
  const code = await new Promise<number | null>((resolve, reject) => {
    spawn(command, args, { ...options, stdio: ['ignore', output, output] })
      .once('exit', resolve)
      .once('error', reject);
  });
  if (code === 0) return;
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${readFileSync(log, 'utf8').slice(-4000)}`);
}

/** One part at a time for each tool: Maven's local repository does not support two at once. */
async function inTurn(tool: Part['tool']): Promise<void> {
  for (const part of wanted.filter((one) => one.tool === tool)) await installPart(part);
}

const names = process.argv.slice(2);
const wanted = PARTS.filter((part) =>
  names.length === 0 ? !part.isNamed : names.includes(part.name) || names.includes(part.with ?? ''),
);

try {
  const unknown = names.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) throw new Error(`there is no part ${unknown}; there are ${PARTS.map(({ name }) => name)}`);
  installPrograms();
  const ended = await Promise.allSettled([inTurn('go'), inTurn('mvn')]);
  // Parts made from the others.
  ended.push(...(await Promise.allSettled([inTurn('node')])));
  const problems = ended.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : []));
  if (problems.length > 0) throw new Error(problems.join('\n'));
  for (const { name } of wanted) {
    // Without the archive the server starts too, a little more slowly.
    await archiveClasses(name).catch((error: Error) =>
      console.warn(`${name}: no archive of its classes: ${error.message}`),
    );
  }
} catch (error) {
  console.error(`servers:install: ${(error as Error).message}`);
  process.exitCode = 1;
}
