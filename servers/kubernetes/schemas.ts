/**
 * `node schemas.ts <folder>`: makes the JSON Schemas with which `kubeconform` checks the chart's objects, and keeps the CRDs for a real
 * kube-apiserver. Kubernetes and the operators do not publish these in a registry. They are extracted from Go modules, and Strimzi's
 * generator makes Strimzi's.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { installed, java21, needed } from '../installed.ts';
import { type CustomResource, customSchemas, type Definitions, kindSchema } from './schema.ts';

const KUBERNETES = 'k8s.io/kubernetes@v1.36.3';
/** Group and version as in `apiVersion`. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  v1: ['ConfigMap', 'PersistentVolumeClaim', 'Service', 'ServiceAccount'],
  'apps/v1': ['Deployment'],
  'autoscaling/v2': ['HorizontalPodAutoscaler'],
  'batch/v1': ['CronJob', 'Job'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
  'policy/v1': ['PodDisruptionBudget'],
};
/** Go modules, and their CRD files. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  'github.com/kedacore/keda/v2@v2.21.0': ['config/crd/bases/keda.sh_{scaledobjects,triggerauthentications}.yaml'],
  'github.com/prometheus-operator/prometheus-operator@v0.85.0': [
    'example/prometheus-operator-crd/monitoring.coreos.com_{podmonitors,prometheusrules,servicemonitors}.yaml',
  ],
};
const STRIMZI = { KafkaTopic: 'topic', KafkaUser: 'user' };

const into = process.argv[2];
if (into === undefined) throw new Error('say into which folder');

const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(into, file)), { recursive: true });
  writeFileSync(join(into, file), text);
};

/** The folder of a Go module. */
function moduleFolder(module: string): string {
  const answer = execFileSync('go', ['mod', 'download', '-json', module], { cwd: into, encoding: 'utf8' });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

const swagger = readFileSync(join(moduleFolder(KUBERNETES), 'api/openapi-spec/swagger.json'), 'utf8');
const { definitions } = JSON.parse(swagger) as { definitions: Definitions };
for (const [apiVersion, kinds] of Object.entries(KINDS)) {
  // For objects without a group, kubeconform uses the version as the group.
  const [group = '', version = group] = apiVersion.split('/');
  for (const kind of kinds) {
    write(
      `schemas/${group}/${kind.toLowerCase()}_${version}.json`,
      JSON.stringify(kindSchema(definitions, { group: version === group ? '' : group, version, kind })),
    );
  }
}

for (const [module, patterns] of Object.entries(OPERATORS)) {
  const files = globSync(patterns, { cwd: moduleFolder(module) });
  if (files.length === 0) throw new Error(`${module} has no ${patterns}`);
  for (const file of files) crd(readFileSync(join(moduleFolder(module), file), 'utf8'));
}

const java = join(needed('Java 21 or newer', java21()), 'bin/java');
for (const [kind, name] of Object.entries(STRIMZI)) {
  const file = join(into, `${kind}.yaml`);
  const generator = ['-cp', join(installed('strimzi'), '*'), 'io.strimzi.crdgenerator.CrdGenerator', '--yaml'];
  execFileSync(java, [...generator, `io.strimzi.api.kafka.model.${name}.${kind}=${file}`], { stdio: 'inherit' });
  crd(readFileSync(file, 'utf8'));
}

function crd(text: string): void {
  const resource = parse(text) as CustomResource;
  write(`crds/${resource.metadata.name}.yaml`, text);
  for (const { file, schema } of customSchemas(resource)) write(`schemas/${file}`, JSON.stringify(schema));
}
