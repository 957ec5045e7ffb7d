import { execFile } from 'node:child_process';

/** The output of a process that runs this module. Rejects if the process does not end by itself within a minute. */
export function printed(script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: 60_000 };
    execFile(process.execPath, ['--input-type=module', '--eval', script], options, (error, stdout) => {
      if (error === null) resolve(stdout.trim());
      else reject(error);
    });
  });
}
