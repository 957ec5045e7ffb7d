/** The chart as Helm renders it, with the tools of `npm run servers:install -- kubernetes`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { installed, partFolder } from '../../servers/installed.ts';
import { ROOT } from './image.ts';

export const CHART = join(ROOT, 'k8s/chart');
const VALUES = join(ROOT, 'k8s/values');

/** The sets of values in the repository, by name. */
export const VALUE_SETS: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(VALUES).map((file) => [file.replace('.yaml', ''), join(VALUES, file)]),
);

export const tool = (name: 'helm' | 'kubeconform'): string => join(installed('kubernetes'), name);
/** The path of a schema, as a template of kubeconform. */
export const SCHEMAS = partFolder(
  'kubernetes-schemas',
  'schemas',
  '{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json',
);

/** A Kubernetes object, with the fields that tests read. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: what is below differs from kind to kind
  readonly spec?: any;
  readonly data?: Readonly<Record<string, string>>;
}

const RELEASE = ['tributary', CHART, '--namespace', 'learning'];

export const renderText = (...args: string[]): string =>
  execFileSync(tool('helm'), ['template', ...RELEASE, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

export const render = (...args: string[]): KubeObject[] =>
  parseAllDocuments(renderText(...args))
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);

/** The message of Helm when it refuses the values. */
export function refusal(...args: string[]): string {
  const { status, stderr } = spawnSync(tool('helm'), ['template', ...RELEASE, ...args], { encoding: 'utf8' });
  if (status === 0) throw new Error(`Helm takes ${args.join(' ')}`);
  return stderr;
}

export const ofKind = (objects: readonly KubeObject[], kind: string): KubeObject[] =>
  objects.filter((object) => object.kind === kind);

export function named(objects: readonly KubeObject[], kind: string, name: string): KubeObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined)
    throw new Error(`there is no ${kind} ${name}: ${ofKind(objects, kind).map((each) => each.metadata.name)}`);
  return found;
}
