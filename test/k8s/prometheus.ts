/** A real Prometheus that scrapes one process like the chart's PodMonitor: with a pod's labels, and the process's own `job`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { findProgram, needed } from '../../servers/installed.ts';
import { startServer } from '../../servers/server.ts';
import { freePort } from '../cli/free-port.ts';

/** A sample of a query result. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

export interface Prometheus {
  /** Throws the message of Prometheus for a query that is invalid. */
  query(text: string): Promise<readonly Sample[]>;
}

interface Scraping {
  readonly folder: string;
  /** host:port of the process. */
  readonly target: string;
  /** The rule groups. */
  readonly rules: object;
}

export async function startPrometheus(t: TestContext, { folder, target, rules }: Scraping): Promise<Prometheus> {
  const port = await freePort();
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [
      {
        job_name: 'learning/tributary',
        honor_labels: true,
        static_configs: [{ targets: [target], labels: { namespace: 'learning', pod: 'tributary-up' } }],
      },
    ],
  };
  writeFileSync(join(folder, 'rules.yaml'), stringify(rules));
  writeFileSync(join(folder, 'prometheus.yaml'), stringify(config));
  const address = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: 'prometheus',
    url: address,
    folder,
    command: needed('prometheus', findProgram('prometheus')),
    args: [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    ready: async () => (await fetch(`${address}/-/ready`)).ok,
  });
  t.after(() => server.kill());
  return {
    async query(text) {
      const answer = await fetch(`${address}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query: text }),
      });
      const { status, error, data } = (await answer.json()) as {
        status: string;
        error?: string;
        data: { resultType: string; result: readonly Sample[] };
      };
      if (status !== 'success') throw new Error(`${text}: ${error}`);
      return data.result;
    },
  };
}
