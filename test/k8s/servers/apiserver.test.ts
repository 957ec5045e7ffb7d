/**
 * The chart on a real API server: what Kubernetes accepts and refuses, and releases by Helm. Before: `npm run servers:install -- kubernetes
 * kube-apiserver`. No controller acts on the objects, so hooks are left out and nothing waits for pods.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { partFolder } from '../../../servers/installed.ts';
import { type KubeAnswer, type KubeServer, startKubernetes } from '../../../servers/kube-apiserver.ts';
import { CHART, type KubeObject, named, render, tool, VALUE_SETS } from '../chart.ts';

const NAMESPACE = 'learning';
const folder = mkdtempSync(join(tmpdir(), 'tributary-kubernetes-'));
let kubernetes: KubeServer;

before(async () => {
  kubernetes = await startKubernetes(folder);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  assert.equal((await create('/api/v1/namespaces', JSON.stringify(namespace))).status, 201);
  const crds = partFolder('kubernetes-schemas', 'crds');
  const names = readdirSync(crds);
  for (const name of names) {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    assert.equal((await create(path, readFileSync(join(crds, name), 'utf8'))).status, 201, name);
  }
  await established(names.length);
});
after(async () => {
  await kubernetes?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const create = (path: string, body: string) => kubernetes.call('POST', path, { body, type: 'application/yaml' });

/** A new kind is served a moment after its definition is accepted. */
async function established(count: number): Promise<void> {
  for (let found = 0; found < count; ) {
    const { object } = await kubernetes.call('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
    found = object.items.filter(({ status }: { status?: { conditions?: { type: string; status: string }[] } }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True'),
    ).length;
  }
}

function pathOf({ apiVersion, kind }: KubeObject, name = ''): string {
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
  return `${apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`}/namespaces/${NAMESPACE}/${plural}${name && `/${name}`}`;
}

/** The request that `kubectl apply --server-side --dry-run=server --validate=strict` makes. */
function tried(object: KubeObject): Promise<KubeAnswer> {
  const query = 'fieldManager=test&dryRun=All&fieldValidation=Strict';
  const path = `${pathOf(object, object.metadata.name)}?${query}`;
  return kubernetes.call('PATCH', path, { body: JSON.stringify(object), type: 'application/apply-patch+yaml' });
}

const helm = (...args: string[]): string =>
  execFileSync(tool('helm'), [...args, '--namespace', NAMESPACE, '--kubeconfig', kubernetes.kubeconfig], {
    encoding: 'utf8',
    // Helm's files belong to this test alone.
    env: { ...process.env, HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder },
  });

for (const [name, file] of Object.entries(VALUE_SETS)) {
  test(`${name}: Kubernetes would take every object, and knows every field of it`, async () => {
    for (const object of render('--values', file)) {
      const { status, object: answer } = await tried(object);
      assert.ok(status === 200 || status === 201, `${object.kind} ${object.metadata.name}: ${answer.message}`);
    }
  });
}

const deployment = (): KubeObject =>
  structuredClone(named(render('--values', VALUE_SETS['keda'] ?? ''), 'Deployment', 'tributary-notify'));
const scaler = (): KubeObject =>
  structuredClone(named(render('--values', VALUE_SETS['keda'] ?? ''), 'ScaledObject', 'tributary-notify'));

const WRONG: readonly (readonly [what: string, object: () => KubeObject, because: RegExp])[] = [
  [
    'a field that does not exist',
    () => {
      const object = deployment();
      object.spec.template.spec.containers[0].securityContext.readOnlyRootFilesytem = true;
      return object;
    },
    /readOnlyRootFilesytem/,
  ],
  [
    'a quantity that is none',
    () => {
      const object = deployment();
      object.spec.template.spec.containers[0].resources.requests.cpu = '100x';
      return object;
    },
    /quantities must match/,
  ],
  [
    'a selector that selects other pods',
    () => {
      const object = deployment();
      object.spec.selector.matchLabels = { app: 'other' };
      return object;
    },
    /`selector` does not match template `labels`/,
  ],
  [
    'a text for a number of KEDA',
    () => {
      const object = scaler();
      object.spec.maxReplicaCount = 'six';
      return object;
    },
    /maxReplicaCount/,
  ],
];

for (const [what, object, because] of WRONG) {
  test(`refused: ${what}`, async () => {
    const { status, object: answer } = await tried(object());
    assert.ok(status >= 400, `it is taken: ${status}`);
    assert.match(answer.message, because);
  });
}

test('a release is installed, upgraded with other scalers, rolled back, and removed', async () => {
  const scaled = async (kind: string, apiVersion: string): Promise<string[]> => {
    const { object } = await kubernetes.call('GET', pathOf({ apiVersion, kind, metadata: { name: '' } }));
    return object.items.map(({ metadata }: KubeObject) => metadata.name);
  };
  const byHpa = () => scaled('HorizontalPodAutoscaler', 'autoscaling/v2');
  const byKeda = () => scaled('ScaledObject', 'keda.sh/v1alpha1');
  const release = ['tributary', CHART, '--no-hooks'];

  const installed = helm('install', ...release, '--values', VALUE_SETS['no-keda'] ?? '');
  assert.match(installed, /STATUS: deployed/);
  assert.match(
    installed,
    /kubectl --namespace learning exec deployment\/tributary-deliver-message -- node \/app\/bin\/tributary\.js doctor/,
  );
  const [hpas, none] = [await byHpa(), await byKeda()];
  assert.ok(hpas.includes('tributary-track-progress') && none.length === 0);

  helm('upgrade', ...release, '--reuse-values', '--set', 'scaling.kind=keda', '--set', 'image.tag=0.2.0');
  assert.deepEqual([await byHpa(), await byKeda()], [[], hpas]);

  helm('rollback', 'tributary', '1', '--no-hooks');
  assert.deepEqual([await byHpa(), await byKeda()], [hpas, []]);
  const { object } = await kubernetes.call('GET', '/apis/apps/v1/namespaces/learning/deployments/tributary-notify');
  assert.match(object.spec.template.spec.containers[0].image, /:0\.1\.0$/);

  helm('uninstall', 'tributary', '--no-hooks');
  const left = await kubernetes.call('GET', '/apis/apps/v1/namespaces/learning/deployments');
  assert.deepEqual(left.object.items, []);
});

test('what has rows in it outlives its release', async () => {
  helm('install', 'small', CHART, '--no-hooks', '--values', VALUE_SETS['smallest'] ?? '');
  helm('uninstall', 'small', '--no-hooks');
  const claim = '/api/v1/namespaces/learning/persistentvolumeclaims/small-tributary-data';
  assert.equal((await kubernetes.call('GET', claim)).status, 200);
});

test('the account of the pods may do nothing in the cluster', async () => {
  const review = (verb: string, resource: string) => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: 'system:serviceaccount:learning:tributary',
      resourceAttributes: { namespace: NAMESPACE, verb, resource },
    },
  });
  for (const [verb, resource] of [
    ['create', 'pods'],
    ['get', 'secrets'],
    ['list', 'configmaps'],
  ] as const) {
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const { object } = await create(path, JSON.stringify(review(verb, resource)));
    assert.equal(object.status.allowed, false, `${verb} ${resource}`);
  }
});
