/** The contract of the tables port for claims. */
import assert from 'node:assert/strict';
import type { Scene } from './tables-samples.ts';

export function claimsContract(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  tablesTest('the tokens of all partitions of a job and topic come from one sequence', async ({ tables, job }) => {
    for (let partition = 0; partition < 3; partition++) assert.equal(await tables.token(job, 'topic', partition), 0);
    assert.equal(await tables.claim(job, 'topic', 0), 1);
    assert.equal(await tables.claim(job, 'topic', 0), 2);
    assert.equal(await tables.claim(job, 'topic', 2), 3);
    assert.equal(await tables.claim(job, 'topic', 1), 4);
    assert.equal(await tables.claim(job, 'topic', 0), 5);
    const tokens = await Promise.all([0, 1, 2, 3].map((partition) => tables.token(job, 'topic', partition)));
    assert.deepEqual(tokens, [5, 4, 3, 0], 'a claim sets the token of its own partition alone');
  });

  tablesTest('other jobs and topics have sequences of their own', async ({ tables, job }) => {
    const lines: [job: string, topic: string][] = [
      [job, 'topic'],
      [job, 'topic-2'],
      [`${job}'`, 'topic'],
    ];
    for (const [i, line] of lines.entries()) {
      for (let token = 1; token <= i + 2; token++) assert.equal(await tables.claim(...line, token % 2), token);
    }
  });

  tablesTest('a claim takes a token above the one it was given, and above the sequence', async ({ tables, job }) => {
    assert.equal(await tables.claim(job, 'topic', 0, 900), 901);
    assert.equal(await tables.token(job, 'topic', 0), 901);
    assert.equal(await tables.claim(job, 'topic', 1, 5), 902);
    assert.equal(await tables.claim(job, 'topic', 0), 903);
    assert.equal(await tables.claim(job, 'topic', 0, 903), 904);
    assert.equal(await tables.claim(job, 'topic', 0, 0), 905);
  });

  tablesTest('concurrent claims of one partition get different numbers', async ({ tables, job }) => {
    const tokens = await Promise.all(Array.from({ length: 12 }, () => tables.claim(job, 'topic', 7)));
    assert.equal(new Set(tokens).size, tokens.length);
    assert.equal(await tables.token(job, 'topic', 7), Math.max(...tokens));
    const next = await tables.claim(job, 'topic', 7);
    assert.ok(next > Math.max(...tokens));
  });

  tablesTest('concurrent claims of many partitions are above all earlier ones', async (s) => {
    const { tables, job } = s;
    let before = await tables.claim(job, 'topic', 99);
    for (let round = 0; round < 3; round++) {
      const tokens = await Promise.all(Array.from({ length: 20 }, (_, each) => tables.claim(job, 'topic', each)));
      assert.ok(Math.min(...tokens) > before, `${tokens} are above ${before}`);
      before = Math.max(...tokens);
    }
    assert.ok((await tables.claim(job, 'topic', 100)) > before);
  });
}
