/** The downloads of the real servers. Each is a part: a folder of `.servers/`. */

/** A folder of `.servers/`, created by one command. */
export interface Part {
  readonly name: string;
  readonly tool: 'mvn' | 'go' | 'node';
  /** Files whose contents, with the arguments, decide whether the part is made again. */
  readonly files: readonly string[];
  readonly args: (into: string) => readonly string[];
  readonly env?: (into: string) => Readonly<Record<string, string>>;
  /** The expected hash of the downloaded file. The file itself is not kept. */
  readonly sum?: { readonly file: string; readonly sha256: string };
  /** What `tar` extracts from the downloaded file; undefined if the tool has unpacked it already. */
  readonly unpacks?: Unpacked;
  /** Whether it is only installed when named. */
  readonly isNamed?: true;
  /** Another part together with which it is installed. */
  readonly with?: string;
}

export interface Unpacked {
  /** The folder in the archive that becomes the part. */
  readonly root: string;
  readonly folders: readonly string[];
  /** The subfolders that are not kept. */
  readonly without: readonly string[];
}

export const here = new URL('.', import.meta.url).pathname;
const DEPENDENCY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const QUIET = ['-B', '-q', '--no-transfer-progress'];

const jars = (name: string): Part => ({
  name,
  tool: 'mvn',
  files: [`${name}/pom.xml`],
  args: (into) => [
    ...QUIET,
    '--strict-checksums',
    '-f',
    `${here}${name}/pom.xml`,
    `${DEPENDENCY}:copy-dependencies`,
    '-DincludeScope=runtime',
    `-DoutputDirectory=${into}`,
  ],
});
/** The file is copied beside its contents to check its hash: the repository does not have a hash of each of them. */
const archive = (name: string, artifact: string, file: string, sha256: string): Part => ({
  name,
  tool: 'mvn',
  files: [],
  args: (into) => [
    ...QUIET,
    `${DEPENDENCY}:copy`,
    `${DEPENDENCY}:unpack`,
    `-Dartifact=${artifact}`,
    `-DoutputDirectory=${into}`,
  ],
  sum: { file, sha256 },
});

const TRINO = '476';
/**
 * Trino with only its connector to Delta Lake. Jars that several plugins share are hard links to the first one in the archive, and Maven's
 * own unpacking turns such links into empty files. So the plugins that have the jars first are unpacked too, and then removed. The archive
 * is not kept in Maven's repository, where it would take 0.8 GB.
 */
const trino: Part = {
  name: 'trino',
  tool: 'mvn',
  files: [],
  args: (into) => [
    ...QUIET,
    '--strict-checksums',
    `-Dmaven.repo.local=${into}/m2`,
    `${DEPENDENCY}:get`,
    '-Dtransitive=false',
    `-Dartifact=io.trino:trino-server:${TRINO}:tar.gz`,
  ],
  sum: {
    file: `m2/io/trino/trino-server/${TRINO}/trino-server-${TRINO}.tar.gz`,
    sha256: 'cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f',
  },
  unpacks: {
    root: `trino-server-${TRINO}`,
    folders: ['lib', ...['bigquery', 'cassandra', 'clickhouse', 'delta-lake'].map((name) => `plugin/${name}`)],
    without: ['m2', ...['bigquery', 'cassandra', 'clickhouse'].map((name) => `plugin/${name}`)],
  },
  isNamed: true,
};

/** The programs that a Go module lists as its tools. */
const programs = (name: string, linked = '-s -w'): Part => ({
  name,
  tool: 'go',
  files: [`${name}/go.mod`, `${name}/go.sum`],
  args: () => ['install', '-C', `${here}${name}`, '-buildvcs=false', '-trimpath', `-ldflags=${linked}`, 'tool'],
  env: (into) => ({ GOBIN: into }),
});

/** The version that the server reports, which clients compare with the versions they know. */
const KUBERNETES = ['gitVersion=v1.36.3', 'gitMajor=1', 'gitMinor=36'].map(
  (variable) => `-X k8s.io/component-base/version.${variable}`,
);

/** Helm and kubeconform, and the schemas for checking objects. */
const kubernetes: readonly Part[] = [
  { ...programs('kubernetes'), isNamed: true },
  { ...jars('strimzi'), isNamed: true, with: 'kubernetes' },
  {
    name: 'kubernetes-schemas',
    tool: 'node',
    files: ['kubernetes/schemas.ts', 'kubernetes/schema.ts', 'strimzi/pom.xml'],
    args: (into) => [`${here}kubernetes/schemas.ts`, into],
    isNamed: true,
    with: 'kubernetes',
  },
  { ...programs('kube-apiserver', ['-s -w', ...KUBERNETES].join(' ')), isNamed: true },
];

export const PARTS: readonly Part[] = [
  programs('s3'),
  jars('kafka'),
  archive(
    'registry',
    'io.apicurio:apicurio-registry-app:2.6.13.Final:tar.gz:all',
    'apicurio-registry-app-2.6.13.Final-all.tar.gz',
    '3cda1b34aa020fb4ac4dd6a66018d757e81e437f97e20a1f92d366b70091c6ba',
  ),
  jars('cassandra'),
  archive(
    'elasticsearch',
    'org.elasticsearch.distribution.integ-test-zip:elasticsearch:9.5.3:zip',
    'elasticsearch-9.5.3.zip',
    'bec49f3b8d00e75c8d1cec85c35298635ec9fbd3ae80ef5aeb6bc05abdb3db2d',
  ),
  trino,
  { ...jars('druid'), isNamed: true },
  ...kubernetes,
  {
    ...archive(
      'keycloak',
      'org.keycloak:keycloak-quarkus-dist:26.4.0:tar.gz',
      'keycloak-quarkus-dist-26.4.0.tar.gz',
      '9fe5f9213ecf83f24b53b27409f3e0f20e10edce36aaa0828778a57c80f07a87',
    ),
    isNamed: true,
  },
];
