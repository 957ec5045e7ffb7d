/** The server.properties of a broker. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificates } from '../certificates.ts';

export interface Broker {
  readonly id: number;
  readonly folder: string;
  readonly port: number;
  readonly controllerPort: number;
  /** The ports of the listeners `sasl`, `ssl` and `saslSsl`, in this order. */
  readonly securePorts: readonly number[];
}

export const HOST = '127.0.0.1';

// A broker that is gone is detected after 2 s (by default 9), and a returning broker need not wait longer for its own old session.
const FAILOVER = {
  'broker.session.timeout.ms': '2000',
  'broker.heartbeat.interval.ms': '500',
  'controller.quorum.election.timeout.ms': '500',
  'controller.quorum.fetch.timeout.ms': '1000',
};

export function brokerSettings(
  { id, folder, port, controllerPort }: Broker,
  all: readonly Broker[],
): Record<string, string> {
  const replicas = `${all.length}`;
  const inSync = all.length === 1 ? '1' : '2';
  return {
    'process.roles': 'broker,controller',
    'node.id': `${id}`,
    'controller.quorum.voters': all.map((one) => `${one.id}@${HOST}:${one.controllerPort}`).join(','),
    listeners: `PLAIN://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    'listener.security.protocol.map': 'PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    'log.dirs': join(folder, 'log'),
    'auto.create.topics.enable': 'false',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'group.initial.rebalance.delay.ms': '0',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.dedupe.buffer.size': '8388608',
    ...FAILOVER,
  };
}

const MODULES = 'org.apache.kafka.common.security';

/** A plain listener and three others: with a login, encrypted, and both. */
export function securedSettings(
  { folder, port, controllerPort, securePorts }: Broker,
  { ca, cert, key }: Certificates,
  users: Readonly<Record<string, string>>,
): Record<string, string> {
  const keyStore = join(folder, 'broker.pem');
  writeFileSync(keyStore, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'), { mode: 0o600 });
  const ports = { PLAIN: port, SASL: securePorts[0], SSL: securePorts[1], SASLSSL: securePorts[2] };
  const listeners = Object.entries(ports).map(([name, number]) => `${name}://${HOST}:${number}`);
  const passwords = Object.entries(users).map(([user, password]) => `user_${user}="${password}"`);
  const modules = {
    'plain.sasl.jaas.config': `${MODULES}.plain.PlainLoginModule required ${passwords.join(' ')};`,
    'scram-sha-256.sasl.jaas.config': `${MODULES}.scram.ScramLoginModule required;`,
    'scram-sha-512.sasl.jaas.config': `${MODULES}.scram.ScramLoginModule required;`,
    'oauthbearer.sasl.jaas.config': `${MODULES}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  };
  const logins = ['sasl', 'saslssl'].flatMap((listener) =>
    Object.entries(modules).map(([name, value]) => [`listener.name.${listener}.${name}`, value]),
  );
  return {
    listeners: [...listeners, `CONTROLLER://${HOST}:${controllerPort}`].join(','),
    'listener.security.protocol.map':
      'PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,SSL:SSL,SASLSSL:SASL_SSL',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keyStore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': ca,
    ...Object.fromEntries(logins),
  };
}
