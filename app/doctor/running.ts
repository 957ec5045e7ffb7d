/** The findings of `doctor` for a process that has its stores open. */
import { type Finding, ok } from '../../core/finding.ts';
import { isEmbedded } from '../config/urls.ts';
import { clock, folder, node, platformText } from './here.ts';
import { type Inspected, inspect } from './inspect.ts';
import { PORTS, servers } from './servers.ts';

/** All findings. Tables are read as those of the tenant. Throws only when the signal is aborted. */
export async function runningFindings(inspected: Inspected, tenant: string): Promise<Finding[]> {
  const { config, platform } = inspected.wired;
  const findings = [node(), clock(Date.now()), ok('platform', platformText(platform))];
  if (PORTS.some((port) => isEmbedded(config[port]))) folder(config.data, findings);
  const { found, away } = await servers({ config, platform });
  findings.push(...found);
  inspected.signal.throwIfAborted();
  return [...findings, ...(await inspect(inspected, { tenant, away }))];
}
