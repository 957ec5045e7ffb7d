/** The checks of `doctor` on each server. Servers are checked separately, so one that does not answer does not hide the others. */
import { kindOf, messageOf, TributaryError } from '../../core/errors.ts';
import { type Finding, problem } from '../../core/finding.ts';
import { wantedTopics } from '../../modules/derived.ts';
import { type Port, SCHEMES } from '../config/keys.ts';
import { groupsOf } from '../platform/works.ts';
import { diagnoseOf } from '../stores/diagnoses.ts';
import type { Setup } from '../stores/wiring.ts';

export const PORTS = Object.keys(SCHEMES) as Port[];
const SERVER_MS = 30_000;
const AWAY = 'see whether it runs, and whether this machine reaches it; until then jobs wait, and lose nothing';

/** The findings for all servers, checked in parallel, and the ports that could not be used at all. */
export async function servers({ config, platform }: Setup): Promise<{ found: Finding[]; away: Port[] }> {
  const wanted = wantedTopics(platform, groupsOf({ config, platform }));
  const away: Port[] = [];
  const looks = PORTS.map(async (port): Promise<Finding[]> => {
    const diagnose = diagnoseOf(port, config[port]);
    if (diagnose === undefined) return [];
    try {
      return await inTime(diagnose(config, config[port], wanted));
    } catch (error) {
      away.push(port);
      return [problem(port, messageOf(error), kindOf(error) === 'retry' ? AWAY : 'do what the message says')];
    }
  });
  return { found: (await Promise.all(looks)).flat(), away };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const error = new TributaryError('LOG_AWAY', `the check did not end within ${SERVER_MS / 1000} s`);
  const timer = setTimeout(() => late.reject(error), SERVER_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
