/** The SQL of report requests, the address of Postgres, and the meaning of its errors, without a server. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { kindOf, TributaryError } from '../../core/errors.ts';
import { connectionOf, type PostgresOptions } from '../../sinks/requests/postgres/connection.ts';
import { isConflict, requestsError } from '../../sinks/requests/postgres/errors.ts';
import { type Statement, statementsOf } from '../../sinks/requests/postgres/request.ts';
import { postgresRequests } from '../../sinks/requests/postgres/requests.ts';
import { scheduleStatementsOf } from '../../sinks/requests/postgres/schedule.ts';
import { schemaStatementsOf } from '../../sinks/requests/postgres/schema.ts';
import { migrations } from '../../sinks/requests/postgres/tables.ts';
import { newRequest, newSchedule, result, T0 } from '../contracts/requests-samples.ts';

const sql = statementsOf('reports');
const scheduleSql = scheduleStatementsOf('reports');
const held = { id: 'r1-1', owner: 'ada', attempt: 2 };
const { secret, ...timed } = newSchedule('s1');
const due = { ...timed, secret: null, hasSecret: false, lastAt: null, nextAt: T0, error: null };
const read = { schedule: due, revision: 3 };
const move = { read, from: T0, to: T0 + 1 };

test('every statement names its tables with their schema, and has as many values as parameters', () => {
  const filter = { states: ['done'], report: 'progress', asker: 'eve', createdFrom: T0, createdTo: T0 + 1 } as const;
  const statements: readonly Statement[] = [
    ...Object.values(schemaStatementsOf('reports')).map((each) => (typeof each === 'function' ? each(1) : each)),
    sql.join(newRequest('r1'), T0),
    sql.create(newRequest('r1'), T0),
    sql.get('acme', 'r1-1'),
    sql.byId('r1-1'),
    sql.list('acme', {}, 10, undefined),
    sql.list('acme', filter, 10, [T0, 'r1-1']),
    sql.list('acme', { states: ['done', 'failed'] }, 10, [T0, 'r1-1']),
    sql.askers('acme', 'r1-1'),
    sql.lease('ada', T0, T0 + 1, 3),
    sql.renew(held, T0, T0 + 1, { rows: 5 }),
    sql.finish(held, T0, result(held, T0 + 1)),
    sql.fail(held, T0, '{}', T0 + 1),
    sql.cancel('acme', 'r1-1', T0),
    sql.expire(T0, 10),
    sql.removable(10),
    sql.confirmRemoved(['r1-1']),
    sql.purge(T0, 10),
    sql.unannounced(10),
    sql.confirmAnnounced(['r1-1']),
    scheduleSql.put(newSchedule('s1'), T0),
    scheduleSql.remove('acme', 's1'),
    scheduleSql.list('acme'),
    scheduleSql.due(T0),
    scheduleSql.skip(move),
    scheduleSql.fire(move, newRequest('r1'), { now: T0, dueAt: T0 }),
    scheduleSql.disable(read, '{}'),
  ];
  for (const { text, values } of statements) {
    const asked = new Set([...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
    assert.deepEqual(
      [...asked].sort((a, b) => a - b),
      values.map((_, index) => index + 1),
      text,
    );
    assert.doesNotMatch(text.replaceAll(/"reports"\.\w+/g, ''), /\b(FROM|INTO|UPDATE) (report_|schema_version)/, text);
  }
  for (const migration of migrations('reports')) {
    assert.match(migration, /"reports"\./);
    assert.doesNotMatch(migration.replaceAll(/"reports"\.\w+/g, ''), /\b(ON|FROM|INTO|UPDATE|TABLE) (report_|schema_)/);
  }
});

test('a filter is a condition with its own value', () => {
  const { text, values } = sql.list('acme', { states: ['done'], report: 'progress' }, 10, undefined);
  assert.match(text, /r\.tenant = \$1 AND r\.state = \$3 AND r\.report = \$4\s+ORDER BY/);
  assert.deepEqual(values, ['acme', 10, 'done', 'progress']);
  assert.deepEqual(sql.list('acme', { report: 'progress' }, 10, undefined).values, ['acme', 10, 'progress']);
});

const URL_OF = 'postgres://ada:s%40cret@db.example.org:6432/reports';

test('a URL has the location of Postgres, and options override it', async (t) => {
  const { schema, pool } = connectionOf({ url: URL_OF });
  assert.equal(schema, 'tributary');
  const { host, port, user, password, database, ssl, application_name } = pool;
  assert.deepEqual(
    { host, port, user, password, database, ssl, application_name },
    {
      host: 'db.example.org',
      port: 6432,
      user: 'ada',
      password: 's@cret',
      database: 'reports',
      ssl: false,
      application_name: 'tributary',
    },
  );
  const bounds = [pool.connectionTimeoutMillis, pool.query_timeout].map(Number);
  assert.ok(
    bounds.every((each) => each > 0 && each <= 5000),
    'every wait is bounded',
  );

  const given = connectionOf({
    url: `${URL_OF}?schema=one&application_name=reporter`,
    schema: 'two',
    user: 'bob',
    password: 'x',
  });
  assert.deepEqual(
    [given.schema, given.pool.user, given.pool.password, given.pool.application_name],
    ['two', 'bob', 'x', 'reporter'],
  );
  assert.equal(connectionOf({ url: `${URL_OF}?schema=one` }).schema, 'one');

  const socket = connectionOf({ url: 'postgresql:///reports?host=/var/run/postgresql' }).pool;
  assert.deepEqual(
    [socket.host, socket.port, 'user' in socket, 'password' in socket],
    ['/var/run/postgresql', undefined, false, false],
  );
  assert.equal(connectionOf({ url: 'postgres://[::1]:5432/x' }).pool.host, '::1');
  assert.ok(!('database' in connectionOf({ url: 'postgres://localhost' }).pool));

  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const name of ['ca', 'cert', 'key']) await writeFile(join(folder, name), name);
  const files = `sslrootcert=${folder}/ca&sslcert=${folder}/cert&sslkey=${folder}/key`;
  const tlsOf = (parameters: string, options: Partial<PostgresOptions> = {}) =>
    connectionOf({ url: `${URL_OF}?${parameters}`, ...options }).pool.ssl;
  const host_ = { host: 'db.example.org' };
  assert.deepEqual(tlsOf(files), { ...host_, rejectUnauthorized: true, ca: 'ca', cert: 'cert', key: 'key' });
  assert.deepEqual(tlsOf('sslmode=require'), { ...host_, rejectUnauthorized: false });
  assert.deepEqual(tlsOf('sslmode=verify-full', { ca: 'given' }), { ...host_, rejectUnauthorized: true, ca: 'given' });
  const named = tlsOf('sslmode=verify-ca');
  assert.ok(typeof named === 'object' && named.checkServerIdentity !== undefined);
  assert.equal(named.checkServerIdentity('any', {} as never), undefined);
  assert.equal(tlsOf(`sslmode=disable&sslrootcert=${folder}/ca`), false);
});

test('an invalid URL is refused with the reason and without its password', () => {
  for (const [url, reason] of [
    ['not a url with s3cret', /is not a URL/],
    ['mysql://ada:s3cret@localhost/x', /must begin with postgres/],
    ['postgres://ada:s3cret@localhost/x?sslmod=require', /the parameter sslmod/],
    ['postgres://ada:s3cret@localhost/x?sslmode=prefer', /the sslmode prefer/],
    ['postgres://ada:s3cret@localhost/x?schema=Reports', /the schema "Reports"/],
    ['postgres://ada:s3cret@localhost/x?schema=a%22b', /the schema/],
    ['postgres://ada:s3cret@localhost/x?sslrootcert=/no/such/file', /cannot be read/],
    ['postgres://ada:s3cret%zz@localhost/x', /%25/],
  ] as const) {
    assert.throws(
      () => postgresRequests({ url }),
      (error: TributaryError) => {
        assert.equal(error.code, 'CONFIG_INVALID', url);
        assert.match(error.message, reason);
        assert.doesNotMatch(`${error.message} ${error.cause}`, /s3cret/);
        return true;
      },
    );
  }
});

/** An error of the server if the code has five characters, and otherwise an error of Node. */
function error(code: string, message = 'it went wrong'): Error {
  return Object.assign(new Error(message), code.length === 5 ? { code, severity: 'ERROR' } : { code });
}

test('errors are classified by their remedy', () => {
  for (const [thrown, code, advice] of [
    [error('08006'), 'REQUESTS_AWAY', /waiting for it/],
    [error('53300'), 'REQUESTS_AWAY', /waiting for it/],
    [error('57P01'), 'REQUESTS_AWAY', /waiting for it/],
    [error('57014'), 'REQUESTS_AWAY', /waiting for it/],
    [error('25006'), 'REQUESTS_AWAY', /waiting for it/],
    [error('40001'), 'REQUESTS_AWAY', /waiting for it/],
    [error('ECONNREFUSED'), 'REQUESTS_AWAY', /waiting for it/],
    [error('EAI_AGAIN'), 'REQUESTS_AWAY', /waiting for it/],
    [new AggregateError([error('ECONNREFUSED', 'connect ECONNREFUSED ::1')], ''), 'REQUESTS_AWAY', /ECONNREFUSED ::1/],
    [Object.assign(new Error(''), { code: 'EPIPE' }), 'REQUESTS_AWAY', /EPIPE/],
    [new Error('Query read timeout'), 'REQUESTS_AWAY', /waiting for it/],
    [new Error('Connection terminated unexpectedly'), 'REQUESTS_AWAY', /waiting for it/],
    [error('22003'), 'USAGE', /give another value/],
    [error('54000'), 'USAGE', /give another value/],
    [error('28P01'), 'ACCESS_REFUSED', /check user and password/],
    [error('42501'), 'ACCESS_REFUSED', /grant/],
    [error('23505'), 'STORE_BROKEN', /doctor/],
    [error('DEPTH_ZERO_SELF_SIGNED_CERT'), 'ACCESS_REFUSED', /sslrootcert/],
    [new Error('The server does not support SSL connections'), 'CONFIG_INVALID', /\?sslmode=disable/],
    [error('28000', 'no pg_hba.conf entry for host "10.0.0.7", no encryption'), 'ACCESS_REFUSED', /\?sslmode=require/],
    [new Error('SASL: client password must be a string'), 'ACCESS_REFUSED', /requires a password/],
  ] as const) {
    const translated = requestsError(thrown, 'reading the request r1');
    assert.ok(translated instanceof TributaryError, String(thrown));
    assert.equal(translated.code, code, String(thrown));
    assert.match(translated.message, /^reading the request r1 in Postgres: /);
    assert.match(translated.message, advice);
    assert.equal(translated.cause, thrown);
  }
});

test('an error that is not from Postgres is unchanged', () => {
  for (const thrown of [new TypeError('a bug'), new TributaryError('LEASE_LOST', 'lost'), 'text', undefined]) {
    assert.equal(requestsError(thrown, 'reading'), thrown);
  }
  assert.equal(kindOf(requestsError(new TypeError('a bug'), 'reading')), 'fatal');
  assert.ok(isConflict(error('40P01')) && !isConflict(error('40002')) && !isConflict(new Error('x')));
});
