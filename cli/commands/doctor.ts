/**
 * `tributary doctor`: reports all problems at once. This process checks its machine and each server. The process that has the stores checks
 * what is in them (`doctor/findings.ts`).
 */

import { loadConfig, type Sources } from '../../app/config/config.ts';
import type { Config, Port } from '../../app/config/keys.ts';
import { isEmbedded } from '../../app/config/urls.ts';
import { clock, folder, node, platformText } from '../../app/doctor/here.ts';
import { PORTS, servers } from '../../app/doctor/servers.ts';
import { absentText } from '../../app/stores/absent.ts';
import { hasData } from '../../app/stores/openers.ts';
import type { Setup } from '../../app/stores/wiring.ts';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { type Finding, ok, problem, warning } from '../../core/finding.ts';
import type { Platform } from '../../modules/define.ts';
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
/** Ports whose data are checked; without data there is nothing to report. */
const LOOKED_INTO: ReadonlySet<Port> = new Set(['transport', 'tables', 'cache', 'search']);

export const run: RunForCaller<Args> = async (caller, streams, { tenant, json, colors }) => {
  const { sources, debug } = caller;
  const findings = [node(), clock(Date.now())];
  const config = configuration(sources, findings);
  const platform = await platformOf(caller, findings);
  if (config !== undefined && platform !== undefined) {
    const local = PORTS.filter((port) => isEmbedded(config[port]));
    const isUsable = local.length === 0 || folder(config.data, findings);
    const lacksData = !hasData(config.data) && local.some((port) => LOOKED_INTO.has(port));
    if (isUsable && lacksData) findings.push(problem('data', absentText(config.data), 'do what the message says'));
    const { found, away } = await servers({ config, platform });
    findings.push(...found);
    streams.signal.throwIfAborted();
    // An embedded store is opened together with the others. Without the folder there is none.
    if (isUsable && !lacksData)
      findings.push(...(await stores({ config, platform }, streams, { tenant, away }, debug)));
  }
  if (json) await printJson(streams, findings);
  else for (const finding of findings) await printFinding(streams, finding, paintOf(colors));
  return findings.some(({ state }) => state === 'problem') ? FAILED : 0;
};

async function printFinding(streams: Streams, { check, state, message, todo }: Finding, paint: Paint): Promise<void> {
  const head = state.padEnd(7);
  const painted = (shown: string): string => paint(STYLES[state], head) + shown.slice(head.length);
  await print(streams, `${head}  ${check}: ${message}`, painted);
  if (todo !== undefined) await print(streams, `         to do: ${todo}`);
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
    const what = platformText(platform);
    findings.push(ok('platform', file === undefined ? what : `${what}, by ${file}`));
    return platform;
  } catch (error) {
    findings.push(problem('platform', messageOf(error), 'correct it: until then no command knows topics and jobs'));
    return undefined;
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
    const invocation = { command: 'doctor-findings', args, debug } as const;
    const code = await runAnywhere(setup, invocation, { ...streams, stdout: out.stream, stderr: err.stream });
    const warned = [...err.text().matchAll(/^warning: (.+)$/gm)].map(([, text]) => text as string);
    if (code === 0)
      return [
        ...warned.map((each) => warning('stores', each, 'do what the message says')),
        ...(JSON.parse(out.text()) as Finding[]),
      ];
    return [problem('stores', `looking into them failed: ${err.text().trim()}`, 'do what the message says')];
  } catch (error) {
    streams.signal.throwIfAborted();
    if (error instanceof TributaryError) {
      return [problem('stores', `they cannot be opened: ${error.message} (${error.code})`, 'do what the message says')];
    }
    const todo = 'this was not foreseen: see with `tributary topics --debug` where it came from';
    return [problem('stores', `they cannot be opened: ${messageOf(error)}`, todo)];
  }
}
