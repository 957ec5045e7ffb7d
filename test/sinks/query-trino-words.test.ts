/** The meaning of Trino's URL, errors and version, without a Trino. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogOf, versionOf } from '../../sinks/query/trino/diagnose.ts';
import { failureOf } from '../../sinks/query/trino/failure.ts';
import { locationOf } from '../../sinks/query/trino/location.ts';

test('errors of Trino are mapped to our codes', () => {
  for (const [errorName, errorType, code] of [
    ['SYNTAX_ERROR', 'USER_ERROR', 'QUERY_INVALID'],
    ['DIVISION_BY_ZERO', 'USER_ERROR', 'QUERY_INVALID'],
    ['PERMISSION_DENIED', 'USER_ERROR', 'ACCESS_REFUSED'],
    ['EXCEEDED_GLOBAL_MEMORY_LIMIT', 'INSUFFICIENT_RESOURCES', 'MEMORY_EXCEEDED'],
    ['CLUSTER_OUT_OF_MEMORY', 'INSUFFICIENT_RESOURCES', 'MEMORY_EXCEEDED'],
    ['EXCEEDED_TIME_LIMIT', 'INSUFFICIENT_RESOURCES', 'QUERY_LIMIT'],
    ['QUERY_QUEUE_FULL', 'INSUFFICIENT_RESOURCES', 'QUERY_AWAY'],
    ['NO_NODES_AVAILABLE', 'INTERNAL_ERROR', 'QUERY_AWAY'],
    ['REMOTE_HOST_GONE', 'INTERNAL_ERROR', 'QUERY_AWAY'],
    ['ADMINISTRATIVELY_KILLED', 'USER_ERROR', 'QUERY_AWAY'],
    ['DELTA_LAKE_FILESYSTEM_ERROR', 'EXTERNAL', 'QUERY_AWAY'],
    ['DELTA_LAKE_BAD_DATA', 'EXTERNAL', 'STORE_BROKEN'],
    ['GENERIC_INTERNAL_ERROR', 'INTERNAL_ERROR', 'STORE_BROKEN'],
  ] as const) {
    assert.equal(failureOf('asking', { errorName, errorType, message: 'x' }).code, code, errorName);
  }
});

test('a URL has the location of Trino; an invalid one is refused, and never shown', () => {
  const url = 'trinos://ana:s%2Fecret@trino.example.org/lake/reports?location=s3://bucket';
  const { host, port, user, password, catalog, schema, objects, secure } = locationOf(url);
  assert.deepEqual([host, port, user, password, secure], ['trino.example.org', 443, 'ana', 's/ecret', true]);
  assert.deepEqual([catalog, schema, objects], ['lake', 'reports', 's3://bucket/']);
  assert.deepEqual(
    [locationOf('trino://a@[::1]/b/c', 'x').host, locationOf('trino://a@h/b/c', 'x').port],
    ['::1', 8080],
  );
  assert.equal(locationOf('trino://a@h/b/c?location=local:///', 's3://other').objects, 'local:///');
  for (const [wrong, message] of [
    ['http://hidden@host/lake/reports', /it must be trino:/],
    ['trino://hidden', /path must be \/catalog\/schema/],
    ['trino://hidden@host/lake', /path must be/],
    ['trino://hidden@host/lake/re-ports', /path must be/],
    ['trino://hidden@host/lake/reports/more', /path must be/],
    ['trino://host/lake/reports?location=x', /name a user/],
    ['trino://u:hidden@host/lake/reports?location=x', /use trinos:/],
    ['trino://u:%zz-hidden@host/lake/reports?location=x', /%25/],
    ['trino://u@host/lake/reports?password=hidden', /option password/],
    ['trino://u@host/lake/reports', /where Trino finds the objects/],
  ] as const) {
    assert.throws(
      () => locationOf(wrong),
      (error: Error) => {
        assert.match(error.message, message, wrong);
        return !error.message.includes('hidden') && (error as { code?: string }).code === 'CONFIG_INVALID';
      },
    );
  }
});

test('the doctor checks the version and the catalog', () => {
  assert.deepEqual(
    [versionOf('476').state, versionOf('444-e').state, versionOf('galaxy-1').state],
    ['ok', 'problem', 'ok'],
  );
  assert.deepEqual(
    ['delta_lake', 'hive', undefined].map((kind) => catalogOf('lake', kind).state),
    ['ok', 'problem', 'problem'],
  );
});
