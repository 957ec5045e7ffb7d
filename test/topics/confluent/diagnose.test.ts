import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../../core/finding.ts';
import { registryFindings } from '../../../topics/confluent/diagnose.ts';

const brief = ({ state, message }: Finding) => `${state}: ${message}`;

test('the compatibility of a registry is shown, and whether it accepts new schemas', () => {
  const answer = (status: number, text: string) => ({ status, text });
  const missing = answer(404, '{"error_code":404}');
  const found = (level: string, mode = missing) =>
    registryFindings(answer(200, `{"compatibilityLevel":"${level}"}`), mode).map(brief);
  assert.deepEqual(found('BACKWARD'), ['ok: a schema registry, compatibility BACKWARD']);
  assert.deepEqual(found('FULL', answer(200, '{"mode":"READWRITE"}')), ['ok: a schema registry, compatibility FULL']);
  assert.deepEqual(found('NONE'), ['warning: a schema registry, compatibility NONE']);
  assert.deepEqual(found('FULL', answer(200, '{"mode":"READONLY"}')).slice(1), ['warning: its mode is READONLY']);
  for (const status of [401, 403]) {
    assert.throws(() => registryFindings(answer(status, ''), missing), /refuses the login/);
  }
  for (const text of ['<html>', '[]', 'null', '{"compatibilityLevel":7}']) {
    assert.throws(() => registryFindings(answer(200, text), missing), /is not a schema registry/);
  }
});
