/** Checks of `doctor` in this process and on its machine. */
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { type Finding, ok, problem, warning } from '../../core/finding.ts';
import type { Platform } from '../../modules/define.ts';
import { NODE_NEEDED, runsTributary } from '../node-version.ts';

const GIB = 1024 ** 3;
const [LITTLE_SPACE, TOO_LITTLE_SPACE] = [2 * GIB, 0.2 * GIB];
/** This program was written later, so a clock before this year is wrong. */
const FIRST_YEAR = 2025;

export function node(): Finding {
  const version = process.versions.node;
  return runsTributary(version)
    ? ok('node', version)
    : problem('node', `Tributary does not run reliably on ${version}`, `use ${NODE_NEEDED}`);
}

export function clock(now: number): Finding {
  const text = new Date(now).toISOString();
  return new Date(now).getUTCFullYear() >= FIRST_YEAR
    ? ok('clock', text)
    : problem('clock', `it says ${text}`, 'set the clock of this machine, and synchronise it by NTP');
}

/** Returns whether the folder is worth opening. */
export function folder(data: string, findings: Finding[]): boolean {
  const existing = nearest(data);
  try {
    if (!statSync(existing).isDirectory()) throw new Error(`${existing} is not a folder`);
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

export const platformText = ({ modules, topics, jobs }: Platform): string =>
  `${modules.map(({ name }) => name).join(', ')}: ${topics.length} topics and ${jobs.length} jobs`;
