/**
 * The schema of the chart's values, so that Helm refuses misspelt ones. Keys of the configuration and names of jobs come from the
 * declarations. Values that the chart only passes on to Kubernetes are checked by Kubernetes.
 */
import { z } from 'zod';
import { type ConfigKey, defaultOf, docOf, KEYS } from '../app/config/keys.ts';
import type { Workloads } from './workloads.ts';

/** Keys whose value is nothing but a secret. */
const SECRET_KEYS = KEYS.filter((key) => /secret|apikey/i.test(key));
/** Keys whose URL may have a password. */
const URL_KEYS = [
  'registry',
  'tables',
  'cache',
  'search',
  'objects',
  'requests',
  'query',
  'mail',
  'push',
  'sms',
] as const;
/** Set by the chart itself, since it knows ports, folders and mounts. */
const OF_CHART = [
  'data',
  'transport',
  'metricsHost',
  'metricsPort',
  'tlsCa',
  'tlsCert',
  'tlsKey',
  'servePort',
  'serveHost',
];

const text = z.string().min(1);
const flag = z.boolean();
/** Passed on unchanged. */
const kubernetes = z.looseObject({});
const list = z.array(kubernetes);
const texts = z.record(z.string(), z.string());
const count = (least: number, most = 10_000) => z.int().min(least).max(most);
const CRON = /^(@(hourly|daily|weekly|monthly)|\S+( \S+){4})$/;
const quantity = z.string().regex(/^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$/);

const secretKey = z.strictObject({ name: text, key: text });
/** A whole value from a Secret, or a URL that contains $(PASSWORD) for a password from a Secret. */
const secret = z.union([secretKey, z.strictObject({ url: text.includes('$(PASSWORD)'), password: secretKey })]);

const workload = {
  replicas: count(1).optional(),
  min: count(1)
    .optional()
    .describe('The minimum number of pods when scaled. At least 1: without a pod, the timers of a job do not fire.'),
  max: count(1).optional().describe('The maximum number of pods when scaled; by default, one per partition.'),
  resources: kubernetes.optional(),
  heapMb: count(64, 100_000).optional().describe('The maximum size of the JavaScript heap, in MB.'),
  dataSize: quantity.optional().describe('The maximum size of the scratch folder.'),
  env: list.optional().describe('More environment variables, as in a container.'),
  podAnnotations: texts.optional(),
  podLabels: texts.optional(),
  nodeSelector: texts.optional(),
  tolerations: list.optional(),
  affinity: kubernetes.optional(),
  priorityClassName: z.string().optional(),
};
const job = { ...workload, enabled: flag.optional(), eventsPerSecond: count(1, 10_000_000).optional() };
const group = {
  topic: text,
  partitions: count(1),
  writes: z.array(text).optional().describe('The topics that it emits to, for the rights of its Kafka user.'),
};
const optional = { ...workload, enabled: flag };

/** The values of a key in `config`. A number stays a number. */
const configValue = (key: ConfigKey) => {
  const value = typeof defaultOf(key) === 'number' ? z.int() : z.string();
  return value.describe(docOf(key)).optional();
};
const configKeys = KEYS.filter((key) => !SECRET_KEYS.includes(key) && !OF_CHART.includes(key));

export function valuesSchema({ jobs }: Pick<Workloads, 'jobs'>) {
  const schema = z.strictObject({
    global: kubernetes.optional(),
    nameOverride: z.string(),
    fullnameOverride: z.string(),
    image: z.strictObject({
      repository: text,
      tag: z.string().describe("If empty, the chart's appVersion."),
      digest: z.union([z.literal(''), z.string().regex(/^sha256:[0-9a-f]{64}$/)]),
      pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
      pullSecrets: z.array(z.strictObject({ name: text })),
    }),
    mode: z
      .enum(['jobs', 'up'])
      .describe('jobs: a Deployment for each job, with all stores on servers. up: everything in one pod.'),
    kafka: z.strictObject({
      brokers: z
        .string()
        .regex(/^[^\s,:/@]+:[0-9]+(,[^\s,:/@]+:[0-9]+)*$/)
        .describe('host:port; separate several with commas.'),
      tls: flag,
      sasl: z.enum(['', 'SCRAM-SHA-512', 'SCRAM-SHA-256', 'PLAIN']),
      user: z.string(),
      password: secretKey.optional(),
      ca: secretKey.optional().describe('The certificate authority of the brokers, for KEDA.'),
      parameters: z.string().describe('More parameters of the URL, such as compression=zstd&replication=3.'),
    }),
    config: z.strictObject(Object.fromEntries(configKeys.map((key) => [key, configValue(key)]))),
    secrets: z.strictObject(
      Object.fromEntries([...SECRET_KEYS, ...URL_KEYS].map((key) => [key, secret.describe(docOf(key)).optional()])),
    ),
    tls: z.strictObject({
      secret: z.string().describe('A Secret with the files, as cert-manager creates it; if empty, there are no files.'),
      ca: text,
      cert: z.string(),
      key: z.string(),
    }),
    mounts: z.array(
      z.strictObject({ name: z.string().regex(/^[a-z0-9-]{1,40}$/), secret: text, path: z.string().startsWith('/') }),
    ),
    defaults: z.strictObject(workload),
    jobs: z.strictObject(Object.fromEntries(Object.keys(jobs).map((name) => [name, z.strictObject(job).optional()]))),
    extraJobs: z.record(z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/), z.strictObject({ ...job, ...group })),
    rollups: z.strictObject({ ...optional, extra: z.record(z.string(), z.strictObject(group)) }),
    reports: z.strictObject(optional),
    service: z.strictObject({
      ...optional,
      type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
      port: count(1, 65_535),
      annotations: texts,
      keys: secretKey.optional().describe('The file of API keys.'),
    }),
    up: z.strictObject({ ...workload, storage: quantity, storageClass: z.string() }),
    upkeep: z.strictObject({
      ...workload,
      enabled: flag,
      compact: z.string().regex(CRON),
      expire: z.string().regex(CRON),
      vacuum: z.string().regex(CRON),
      timeZone: text,
    }),
    apply: z.strictObject({ ...workload, enabled: flag }),
    scaling: z.strictObject({
      kind: z.enum(['fixed', 'hpa', 'keda']),
      catchUpSeconds: count(1, 86_400).describe('The time in which a pod should read its backlog, in seconds.'),
      keda: z.strictObject({
        kafkaVersion: z.string().regex(/^[0-9]+\.[0-9]+\.[0-9]+$/),
        pollingInterval: count(1, 3600),
        fallbackReplicas: count(1),
        prometheus: z.strictObject({
          serverAddress: z
            .union([z.literal(''), z.string().regex(/^https?:\/\/\S+$/)])
            .describe('The address of Prometheus, for the trigger by rate; if empty, there is no such trigger.'),
          busyPercent: count(1, 100).describe('How busy a pod should be, in percent of its eventsPerSecond.'),
        }),
      }),
      hpa: z.strictObject({ metric: text }),
    }),
    podDisruptionBudget: z.strictObject({ enabled: flag }),
    terminationGracePeriodSeconds: count(30, 3600),
    podSecurityContext: kubernetes,
    topologySpread: z.strictObject({ enabled: flag, whenUnsatisfiable: z.enum(['ScheduleAnyway', 'DoNotSchedule']) }),
    serviceAccount: z.strictObject({ create: flag, name: z.string(), annotations: texts }),
    networkPolicy: z.strictObject({
      enabled: flag,
      ports: z.array(count(1, 65_535)).describe('The ports of all servers that pods connect to.'),
      serviceFrom: list.describe('Who may call the service; if empty, everybody.'),
      metricsFrom: list.describe('Who may scrape metrics; if empty, everybody.'),
      egress: list.describe('More egress rules.'),
    }),
    strimzi: z.strictObject({
      topics: flag,
      users: flag,
      cluster: z.string(),
      namespace: z.string(),
      replicas: count(1, 100),
      minInsyncReplicas: count(1, 100),
    }),
    monitoring: z.strictObject({
      podMonitor: z.strictObject({ enabled: flag, interval: z.string().regex(/^[0-9]+(ms|s|m)$/), labels: texts }),
      rules: z.strictObject({
        enabled: flag,
        labels: texts,
        runbooks: text.describe('The address of docs/operate.md, to which every alert links.'),
        lagSeconds: count(1, 86_400),
      }),
      dashboards: z.strictObject({ enabled: flag, labels: texts, annotations: texts }),
    }),
  });
  const json = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', reused: 'ref' });
  return { ...json, title: 'Values of the Tributary chart' };
}
