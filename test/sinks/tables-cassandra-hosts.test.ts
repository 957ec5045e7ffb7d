/** What remains of a host that is no longer needed. Hosts and pools are the driver's own; connections are fakes. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { policies } from 'cassandra-driver';
import { endHost, type Host } from '../../sinks/tables/cassandra/hosts.ts';

interface DriverHost extends Host {
  readonly pool: Host['pool'] & { isClosing(): boolean; hasScheduledNewConnection(): boolean; connections: object[] };
  /** Called by the driver when a node is gone, or a connection is unusable. */
  checkIsUp(): void;
  setDown(): void;
  _checkPoolState(): void;
}

const load = createRequire(import.meta.resolve('cassandra-driver'));
const { Host: DriverHost } = load('./lib/host.js') as {
  readonly Host: new (address: string, version: number, options: object, metadata: object) => DriverHost;
};

class Connection extends EventEmitter {
  closed = 0;
  emitDrain = false;
  getInFlight = () => 1;
  close = () => {
    this.closed += 1;
  };
}

function hostOfDriver(): DriverHost {
  const reconnection = new policies.reconnection.ConstantReconnectionPolicy(3_600_000);
  const options = {
    policies: { reconnection },
    pooling: {},
    socketOptions: { readTimeout: 3_600_000 },
    logEmitter: () => {},
  };
  return new DriverHost('127.0.0.1:1', 4, options, {});
}

function assertEnded({ pool }: DriverHost): void {
  assert.deepEqual([pool.isClosing(), pool.hasScheduledNewConnection(), pool.connections], [true, false, []]);
}

test('a host that was drained when it was replaced connects no more once its requests are answered', async () => {
  const host = hostOfDriver();
  const connection = new Connection();
  host.pool.connections = [connection];
  await host.shutdown(true);
  endHost(host);
  connection.emit('drain');
  assert.equal(connection.closed, 1);
  host._checkPoolState();
  host.setDown();
  host.checkIsUp();
  assertEnded(host);
});

test('a host that is found after the client was closed keeps no connection, and tries none', () => {
  const host = hostOfDriver();
  endHost(host);
  const connection = new Connection();
  host.pool.addExistingConnection(connection);
  assert.equal(connection.closed, 1);
  host._checkPoolState();
  host.checkIsUp();
  assertEnded(host);
});
