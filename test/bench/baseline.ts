/**
 * The most that the machine and `node:sqlite` can do: plain upserts of the rows that the jobs keep, with one statement, in
 * batches of a thousand, in the same mode. No version is compared, nothing is read, and nothing else is written. Prints one JSON line.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../embedded/database.ts';
import { SPINE } from './load.ts';

const upserts = Number(process.argv[2] ?? SPINE.events);
const folder = mkdtempSync(join(tmpdir(), 'tributary-baseline-'));
const database = openDatabase(folder);
database.exec(
  `CREATE TABLE learner (tenant TEXT, userId TEXT, courseId TEXT, courseName TEXT, required INTEGER, completed INTEGER,
     progress INTEGER, state TEXT, completedAt INTEGER, firstAccessAt INTEGER, lastAccessAt INTEGER, followers TEXT, recent TEXT,
     token INTEGER, revision INTEGER, at TEXT, outbox TEXT, PRIMARY KEY (tenant, userId, courseId))`,
);
const upsert = database.statement(
  `INSERT INTO learner VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET completed = excluded.completed,
     progress = excluded.progress, state = excluded.state, lastAccessAt = excluded.lastAccessAt, recent = excluded.recent,
     token = excluded.token, revision = excluded.revision, at = excluded.at, outbox = excluded.outbox`,
);
const recent = JSON.stringify(Array.from({ length: 8 }, (_, i) => `load-${i}00000`));
const outbox = 'x'.repeat(300);

const startedAt = performance.now();
for (let n = 0; n < upserts; n += 1000) {
  database.transaction(() => {
    for (let i = n; i < n + 1000; i++) {
      const learner = (i * 7919) % SPINE.learners;
      const values = [
        40,
        i % 41,
        i % 101,
        'in_progress',
        null,
        1767225600000,
        1767225600000 + i,
        '[]',
        recent,
        1,
        i,
        `0:${i}`,
        outbox,
      ];
      upsert.run('default', `learner-${learner}`, `course-${learner % 50}`, 'Course', ...values);
    }
  });
}
const seconds = (performance.now() - startedAt) / 1000;
database.close();
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify({ upserts, seconds })}\n`);
