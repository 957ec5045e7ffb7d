/**
 * `tributary doctor`: everything that is wrong, at once. This half looks at what is around the stores; the other half,
 * `inspect.ts`, at what is in them, and runs in the process that has them.
 */
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import { messageOf, TributaryError } from '../../schemas/errors.ts';
import { type Config, loadConfig, type Sources } from '../config.ts';
import { print, printJson } from '../context.ts';
import type { Streams } from '../control.ts';
import { runAnywhere } from '../dispatch.ts';
import { FAILED } from '../errors.ts';
import { type Finding, ok, problem, warning } from '../findings.ts';

interface Args {
  readonly tenant: string;
  readonly json: boolean;
  readonly debug: boolean;
}

const OLDEST_NODE = 24;
const GIB = 1024 ** 3;
const [LITTLE_SPACE, TOO_LITTLE_SPACE] = [2 * GIB, 0.2 * GIB];
/** This program is younger than that, so a clock before it is wrong. */
const FIRST_YEAR = 2025;

export async function run(sources: Sources, streams: Streams, { tenant, json, debug }: Args): Promise<number> {
  const findings = [node(), clock(Date.now())];
  const config = configuration(sources, findings);
  if (config !== undefined && folder(config.data, findings))
    findings.push(...(await stores(config, streams, tenant, debug)));
  if (json) await printJson(streams, findings);
  else for (const finding of findings) await printFinding(streams, finding);
  return findings.some(({ state }) => state === 'problem') ? FAILED : 0;
}

async function printFinding(streams: Streams, { check, state, message, todo }: Finding): Promise<void> {
  await print(streams, `${state.padEnd(7)}  ${check}: ${message}`);
  if (todo !== undefined) await print(streams, `         to do: ${todo}`);
}

function node(): Finding {
  const version = process.versions.node;
  return Number(version.split('.')[0]) >= OLDEST_NODE
    ? ok('node', version)
    : problem('node', `${version} is too old`, `use Node ${OLDEST_NODE} or newer`);
}

function clock(now: number): Finding {
  const text = new Date(now).toISOString();
  return new Date(now).getUTCFullYear() >= FIRST_YEAR
    ? ok('clock', text)
    : problem('clock', `it says ${text}`, 'set the clock of this machine, and have it kept right by NTP');
}

function configuration(sources: Sources, findings: Finding[]): Config | undefined {
  try {
    const { config } = loadConfig(sources);
    findings.push(ok('configuration', 'every key is known and has a value that can be used'));
    return config;
  } catch (error) {
    findings.push(problem('configuration', messageOf(error), 'correct it; `tributary --help` lists the keys'));
    return undefined;
  }
}

/** Whether it is worth opening. */
function folder(data: string, findings: Finding[]): boolean {
  const existing = nearest(data);
  try {
    if (!statSync(existing).isDirectory()) throw new Error(`${existing} is no folder`);
    accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    findings.push(
      problem(
        'data folder',
        `${data} cannot be written: ${messageOf(error)}`,
        'let this user write there, or choose another folder with --data',
      ),
    );
    return false;
  }
  findings.push(ok('data folder', `${data}${existing === data ? '' : ', which is not there yet,'} can be written`));
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  const message = `${(free / GIB).toFixed(1)} GiB are free`;
  const todo = 'make room on that disk: without it jobs wait, and nothing is lost';
  if (free < TOO_LITTLE_SPACE) findings.push(problem('disk', message, todo));
  else findings.push(free < LITTLE_SPACE ? warning('disk', message, todo) : ok('disk', message));
  return true;
}

function nearest(path: string): string {
  try {
    statSync(path);
    return path;
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) return path;
    return nearest(parent);
  }
}

async function stores(config: Config, streams: Streams, tenant: string, debug: boolean): Promise<Finding[]> {
  const out = collector();
  const err = collector();
  try {
    const invocation = { command: 'inspect', args: { tenant }, debug } as const;
    const code = await runAnywhere(config, invocation, { ...streams, stdout: out.stream, stderr: err.stream });
    if (code === 0) return JSON.parse(out.text()) as Finding[];
    return [problem('stores', `looking into them failed: ${err.text().trim()}`, 'do what it says')];
  } catch (error) {
    streams.signal.throwIfAborted();
    if (error instanceof TributaryError) {
      return [problem('stores', `they cannot be opened: ${error.message} (${error.code})`, 'do what it says')];
    }
    const todo = 'this was not foreseen: see with `tributary topics --debug` where it came from';
    return [problem('stores', `they cannot be opened: ${messageOf(error)}`, todo)];
  }
}

function collector(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}
