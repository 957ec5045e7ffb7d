import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MUTANTS } from './mutants.ts';

test('the text that each mutant replaces occurs exactly once in its file', () => {
  for (const { what, file, from } of MUTANTS) {
    const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
    assert.equal(text.split(from).length - 1, 1, `${what}: ${file}`);
  }
});
