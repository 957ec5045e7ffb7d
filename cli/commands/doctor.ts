/**
 * `tributary doctor`: everything that is wrong, at once. This half looks at what is around the stores, and at each server on its own:
 * one that is away hides no other. The other half, `inspect.ts`, looks at what is in the stores, and runs in the process that has them.
 */
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { absentText } from '../../app/absent.ts';
import { type Config, loadConfig, type Port, SCHEMES, type Sources } from '../../app/config.ts';
import { NODE_NEEDED, runsTributary } from '../../app/node-version.ts';
import { diagnoseOf, hasData, isEmbedded } from '../../app/openers.ts';
import type { Setup } from '../../app/wiring.ts';
import { worksOf } from '../../app/works.ts';
import { kindOf, messageOf, TributaryError } from '../../core/errors.ts';
import { type Finding, ok, problem, warning } from '../../core/finding.ts';
import type { Platform } from '../../modules/define.ts';
import { wantedTopics } from '../../modules/derived.ts';
import { print, printJson } from '../context.ts';
import { runAnywhere } from '../control/dispatch.ts';
import type { Streams } from '../control/server.ts';
import type { Caller, RunForCaller } from '../descriptor.ts';
import { FAILED } from '../errors.ts';
import { collector } from '../output/collector.ts';
import { type Paint, paintOf } from '../output/colors.ts';

interface Args {
  readonly tenant: string;
  readonly json: boolean;
  readonly colors: boolean;
}

const STYLES = { ok: 'green', warning: 'yellow', problem: 'red' } as const;
const PORTS = Object.keys(SCHEMES) as Port[];
/** Checks of data, which have nothing to report if there are none. */
const LOOKED_INTO: ReadonlySet<Port> = new Set(['transport', 'tables', 'cache', 'search']);
const SERVER_MS = 30_000;
const AWAY = 'see whether it runs, and whether this machine reaches it; until then jobs wait, and lose nothing';
const GIB = 1024 ** 3;
const [LITTLE_SPACE, TOO_LITTLE_SPACE] = [2 * GIB, 0.2 * GIB];
/** This program is younger than that, so a clock before it is wrong. */
const FIRST_YEAR = 2025;

export const run: RunForCaller<Args> = async (caller, streams, { tenant, json, colors }) => {
  const { sources, debug } = caller;
  const findings = [node(), clock(Date.now())];
  const config = configuration(sources, findings);
  const platform = await platformOf(caller, findings);
  if (config !== undefined && platform !== undefined) {
    const local = PORTS.filter((port) => isEmbedded(config[port]));
    const isUsable = local.length === 0 || folder(config.data, findings);
    const lacksData = !hasData(config.data) && local.some((port) => LOOKED_INTO.has(port));
    if (isUsable && lacksData) findings.push(problem('data', absentText(config.data), 'do what it says'));
    const { found, away } = await servers({ config, platform });
    findings.push(...found);
    streams.signal.throwIfAborted();
    // An embedded store is opened as one with the others: without the folder there is none.
    if (isUsable && !lacksData)
      findings.push(...(await stores({ config, platform }, streams, { tenant, away }, debug)));
  }
  if (json) await printJson(streams, findings);
  else for (const finding of findings) await printFinding(streams, finding, paintOf(colors));
  return findings.some(({ state }) => state === 'problem') ? FAILED : 0;
};

/** What each server is found to be, at the same time; and those that could not be used at all. */
async function servers({ config, platform }: Setup): Promise<{ found: Finding[]; away: Port[] }> {
  const wanted = wantedTopics(platform, worksOf({ config, platform }));
  const away: Port[] = [];
  const looks = PORTS.map(async (port): Promise<Finding[]> => {
    const diagnose = diagnoseOf(port, config[port]);
    if (diagnose === undefined) return [];
    try {
      return await inTime(diagnose(config, config[port], wanted));
    } catch (error) {
      away.push(port);
      return [problem(port, messageOf(error), kindOf(error) === 'retry' ? AWAY : 'do what it says')];
    }
  });
  return { found: (await Promise.all(looks)).flat(), away };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const error = new TributaryError('LOG_AWAY', `there is no end to looking at it after ${SERVER_MS / 1000} s`);
  const timer = setTimeout(() => late.reject(error), SERVER_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function printFinding(streams: Streams, { check, state, message, todo }: Finding, paint: Paint): Promise<void> {
  const head = state.padEnd(7);
  const painted = (shown: string): string => paint(STYLES[state], head) + shown.slice(head.length);
  await print(streams, `${head}  ${check}: ${message}`, painted);
  if (todo !== undefined) await print(streams, `         to do: ${todo}`);
}

function node(): Finding {
  const version = process.versions.node;
  return runsTributary(version)
    ? ok('node', version)
    : problem('node', `Tributary does not run right on ${version}`, `use ${NODE_NEEDED}`);
}

function clock(now: number): Finding {
  const text = new Date(now).toISOString();
  return new Date(now).getUTCFullYear() >= FIRST_YEAR
    ? ok('clock', text)
    : problem('clock', `it says ${text}`, 'set the clock of this machine, and have it kept right by NTP');
}

function configuration(sources: Sources, findings: Finding[]): Config | undefined {
  try {
    const { config, warnings } = loadConfig(sources);
    findings.push(ok('configuration', 'every key is known and has a value that can be used'));
    for (const each of warnings) findings.push(warning('configuration', each, 'correct its name, or unset it'));
    return config;
  } catch (error) {
    findings.push(problem('configuration', messageOf(error), 'correct it; `tributary --help` lists the keys'));
    return undefined;
  }
}

async function platformOf({ platform: load }: Caller, findings: Finding[]): Promise<Platform | undefined> {
  try {
    const { platform, file } = await load();
    const { modules, topics, jobs } = platform;
    const what = `${modules.map(({ name }) => name).join(', ')}: ${topics.length} topics and ${jobs.length} jobs`;
    findings.push(ok('platform', file === undefined ? what : `${what}, by ${file}`));
    return platform;
  } catch (error) {
    findings.push(problem('platform', messageOf(error), 'correct it: until then no command knows topics and jobs'));
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

async function stores(
  setup: Setup,
  streams: Streams,
  args: { readonly tenant: string; readonly away: readonly Port[] },
  debug: boolean,
): Promise<Finding[]> {
  const out = collector();
  const err = collector();
  try {
    const invocation = { command: 'inspect', args, debug } as const;
    const code = await runAnywhere(setup, invocation, { ...streams, stdout: out.stream, stderr: err.stream });
    const warned = [...err.text().matchAll(/^warning: (.+)$/gm)].map(([, text]) => text as string);
    if (code === 0)
      return [
        ...warned.map((each) => warning('stores', each, 'do what it says')),
        ...(JSON.parse(out.text()) as Finding[]),
      ];
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
