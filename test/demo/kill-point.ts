/**
 * Preloaded into a process by `--import`. Counts the process's calls of SQLite, and writes to file descriptor 3: "now" when the count
 * reaches KILL_AT, and the final count when the process ends normally.
 */
import { writeSync } from 'node:fs';
import { DatabaseSync, StatementSync } from 'node:sqlite';

const killAt = Number(process.env['KILL_AT'] ?? 0);
let count = 0;

function counted(prototype: object, name: string): void {
  const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
  Reflect.set(prototype, name, function (this: unknown, ...args: unknown[]) {
    count += 1;
    if (count === killAt) writeSync(3, 'now');
    return Reflect.apply(original, this, args);
  });
}

for (const name of ['run', 'get', 'all']) counted(StatementSync.prototype, name);
counted(DatabaseSync.prototype, 'exec');
process.on('exit', () => writeSync(3, String(count)));
