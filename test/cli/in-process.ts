/** Commands in the process of the test, on their own stores. */
import { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { type Wired, wire } from '../../app/stores/wiring.ts';
import { type CommandName, execute } from '../../cli/commands.ts';
import type { Platform } from '../../modules/define.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { temporaryFolder } from './harness.ts';

/** An installation with default settings in a folder of its own. It has the built-in modules, unless a test gives others. */
export async function wired(t: TestContext, platform: Platform = learningPlatform): Promise<Wired> {
  const folder = temporaryFolder(t);
  const opened = await wire({ config: loadConfig({ flags: {}, env: {}, folder }).config, platform });
  t.after(() => opened.close());
  return opened;
}

export async function command(
  wired: Wired,
  name: CommandName,
  args: unknown,
  input = '',
  signal = new AbortController().signal,
) {
  const text = { stdout: '', stderr: '' };
  const into = (stream: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _encoding, done) {
        text[stream] += chunk;
        done();
      },
    });
  const [stdout, stderr] = [into('stdout'), into('stderr')];
  const context = { wired, stdin: Readable.from([Buffer.from(input)]), stdout, stderr, signal };
  const code = await execute(name, args, context, false);
  return { code, ...text };
}
