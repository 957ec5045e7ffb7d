/** Servers, report workers, and users of three tenants who keep asking. The cases of `reports.test.ts` disturb them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../app/config/config.ts';
import { reportKeys } from '../../app/reports/keys.ts';
import { type Wired, wire } from '../../app/stores/wiring.ts';
import { type Ask, plan } from '../../reports/requesting/asking.ts';
import { reportDone, reportFailed, reportRequested } from '../../schemas/report.ts';
import { startAll } from '../../servers/group.ts';
import type { KafkaServer } from '../../servers/kafka.ts';
import { startPostgres } from '../../servers/postgres.ts';
import { startRegistry } from '../../servers/registry.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY, startS3 } from '../../servers/s3.ts';
import type { Server } from '../../servers/server.ts';
import type { Request } from '../../sinks/requests/port.ts';
import { given, recordsOf } from '../../testing/produce.ts';
import { Random } from '../../testing/random.ts';
import { reportEvents, reportRequests } from '../../topics/index.ts';
import { askFor } from '../reports/asking.ts';
import { platform } from './report-platform.ts';
import { recordsIn } from './rollup-facts.ts';
import { startBrokers } from './servers.ts';
import { until } from './until.ts';
import { Fleet } from './workers.ts';

const TENANTS = ['acme', 'umbrella', 'initech'] as const;
const BUCKET = 'reports';

export interface Servers {
  readonly kafka: KafkaServer;
  readonly registry: Server;
  readonly s3: Server;
  readonly postgres: Server;
}

export async function startReportWorld(seed: number): Promise<ReportWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-reports-'));
  const [kafka, registry, s3, postgres] = (await startAll<Server | KafkaServer>([
    startBrokers(folder, 1),
    startRegistry({ folder: join(folder, 'registry') }),
    startS3({ folder: join(folder, 's3'), buckets: [BUCKET] }),
    startPostgres({ folder: join(folder, 'postgres') }),
  ])) as [KafkaServer, Server, Server, Server];
  const servers = { kafka, registry, s3, postgres };
  const source = JSON.stringify(join(import.meta.dirname, 'report-platform.ts'));
  writeFileSync(join(folder, 'tributary.config.ts'), `export { platform as default } from ${source};\n`);
  const { config } = loadConfig({ flags: {}, env: {}, file: configFile(folder, 'test', servers), folder });
  const wired = await wire({ config, platform });
  return new ReportWorld({ folder, servers, wired, random: new Random(seed) });
}

function configFile(folder: string, name: string, { kafka, registry, s3, postgres }: Servers): string {
  const file = join(folder, `${name}.json`);
  const keys = {
    data: join(folder, name),
    transport: kafka.url,
    registry: registry.url,
    objects: `s3://${S3_ACCESS_KEY}:${S3_SECRET_KEY}@${BUCKET}?endpoint=${s3.url}&region=${S3_REGION}`,
    requests: postgres.url,
    reportSecret: 'a secret that all workers share',
    reportLeaseMs: 2000,
    reportsAtOnce: 3,
    sessionMs: 1500,
    backOffLongestMs: 1000,
    logLevel: 'debug',
  };
  writeFileSync(file, JSON.stringify(keys));
  return file;
}

interface Parts {
  readonly folder: string;
  readonly servers: Servers;
  readonly wired: Wired;
  readonly random: Random;
}

export class ReportWorld {
  readonly folder: string;
  readonly servers: Servers;
  readonly wired: Wired;
  readonly random: Random;
  readonly fleet: Fleet;
  #asked = 0;

  constructor({ folder, servers, wired, random }: Parts) {
    this.folder = folder;
    this.servers = servers;
    this.wired = wired;
    this.random = random;
    this.fleet = new Fleet(folder, (name) => configFile(folder, name, servers), ['report', 'worker']);
  }

  get requests() {
    return this.wired.requests;
  }

  readonly tails = (): string => this.fleet.running.map(({ name, tail }) => `\n--- ${name}:\n${tail}`).join('');

  async ask(changes: Partial<Ask> = {}): Promise<Request> {
    const ask = askFor('numbers', {
      tenant: this.random.pick(TENANTS),
      parameters: { count: this.random.below(40) * 100 },
      format: this.random.pick(['csv', 'ndjson', 'xlsx', 'parquet']),
      requestedBy: `user-${this.random.below(5)}`,
      ...changes,
    });
    const now = Date.now();
    const { request } = plan(ask, { reports: platform.reports, keys: reportKeys(this.wired.config), now });
    return (await this.requests.ask(request, now)).request;
  }

  /** Asks in the same way by events, as services do. */
  async askByEvents(count: number): Promise<void> {
    const { transport, codec } = this.wired.stores;
    const [shape] = await transport.shape([reportRequests.name]);
    const records = Array.from({ length: count }, () => {
      this.#asked += 1;
      const data = {
        userId: `user-${this.random.below(5)}`,
        report: 'numbers',
        // A different number for each, so that no two requests are shared.
        parameters: { count: String(this.#asked + 1000) },
        format: 'csv',
      };
      const rest = { id: `ask-${this.#asked}`, time: Date.now(), tenant: this.random.pick(TENANTS) };
      return given(reportRequests, reportRequested, data, rest);
    });
    await transport.produce(records.flatMap((event) => recordsOf(codec, event, shape?.partitions ?? 1)));
  }

  get askedByEvents(): number {
    return this.#asked;
  }

  async all(): Promise<Request[]> {
    const requests: Request[] = [];
    for (const tenant of TENANTS) {
      let cursor: string | null = null;
      do {
        const page = await this.requests.list(tenant, {}, { limit: 500, cursor });
        requests.push(...page.requests);
        cursor = page.next;
      } while (cursor !== null);
    }
    return requests;
  }

  async allEnded(): Promise<Request[]> {
    let requests: Request[] = [];
    const isQuiet = async () => {
      assert.deepEqual(this.fleet.deserters(), [], 'no worker ends by itself');
      requests = await this.all();
      const byEvents = requests.filter(
        ({ parameters }) => (JSON.parse(parameters) as { count: number }).count % 100 > 0,
      );
      if (byEvents.length < this.#asked - Math.floor(this.#asked / 100)) return false;
      if (requests.some(({ state }) => ['waiting', 'running'].includes(state))) return false;
      return (await this.requests.unannounced(1)).length === 0;
    };
    await until('all requests have ended and were announced', isQuiet, this.tails);
    return requests;
  }

  /** Every request ended once, every file is whole, nothing else is in the bucket, and every asker was notified once. */
  async assertWhole(): Promise<void> {
    const requests = await this.allEnded();
    const listed = new Set<string>();
    for (const { id, state, result, error, parameters } of requests) {
      if (state === 'cancelled') continue;
      assert.equal(state, 'done', `${id}: ${JSON.stringify(error)}`);
      assert.ok(result);
      const bytes = Buffer.concat(await Array.fromAsync(await this.wired.objects.get(result.object)));
      assert.equal(createHash('sha256').update(bytes).digest('hex'), result.checksum, id);
      assert.equal(result.rows, (JSON.parse(parameters) as { count: number }).count, id);
      for (const name of [result.object, result.companion]) if (name !== null) listed.add(name);
    }
    const left = async () => {
      const names = await Array.fromAsync(this.wired.objects.list('reports/'));
      const over = names.map(({ name }) => name).filter((name) => !listed.has(name));
      for (const name of over) {
        const [, id = '', attempt = ''] = /^reports\/([^/]+)\/(\d+)/.exec(name) ?? [];
        assert.notEqual(await this.requests.attemptState(id, Number(attempt)), 'listed');
      }
      return over;
    };
    // Workers delete leftovers once they are a minute old.
    this.leftovers = await left();
    await this.#assertAnnounced(requests);
  }

  leftovers: readonly string[] = [];

  /** Waits, because events after a dead worker's open transaction become readable only when the broker has ended it. */
  async #assertAnnounced(requests: readonly Request[]): Promise<void> {
    const { expected, late } = await this.#expected(requests);
    let announced: string[] = [];
    const isAnnounced = async () => {
      announced = await this.#announced();
      return expected.every((id) => announced.includes(id));
    };
    await until('whoever waited is told', isAnnounced, () => {
      const missing = expected.filter((id) => !announced.includes(id));
      return `${missing.length} of ${expected.length} are missing, such as ${missing[0]}`;
    });
    const others = announced.filter((id) => !expected.includes(id) && !late.includes(id));
    assert.deepEqual(others, [], 'nobody else is told');
  }

  /** The ids of the announced events. */
  async #announced(): Promise<string[]> {
    const { stores } = this.wired;
    const wanted = new Map([reportDone, reportFailed].map((def) => [def.type, def]));
    const announced = new Map<string, string>();
    for await (const record of recordsIn(stores, reportEvents.name)) {
      await stores.codec.learn([record], wanted);
      const decoded = stores.codec.decode(reportEvents, record, wanted);
      assert.equal(decoded.kind, 'event');
      if (decoded.kind !== 'event') continue;
      const { id, data } = decoded.event;
      const text = JSON.stringify(data);
      assert.equal(announced.get(id) ?? text, text, 'an event that is emitted again is the same');
      announced.set(id, text);
    }
    return [...announced.keys()];
  }

  /** An asker who joins a finished request has the answer at once, and may still be notified with the others. */
  async #expected(requests: readonly Request[]): Promise<{ expected: string[]; late: string[] }> {
    const [expected, late]: [string[], string[]] = [[], []];
    for (const { tenant, id, state, result } of requests) {
      if (state === 'cancelled') continue;
      for (const { user, at } of await this.requests.askers(tenant, id)) {
        const isLate = at >= (result?.finishedAt ?? at);
        (isLate ? late : expected).push(`report/${id}/${user}`);
      }
    }
    return { expected, late };
  }

  async close(): Promise<void> {
    await this.fleet.killAll();
    await this.wired.close();
    await Promise.all(Object.values(this.servers).map((server) => server.kill()));
    if (process.env['FAULTS_KEEP'] === undefined) rmSync(this.folder, { recursive: true, force: true });
  }
}
