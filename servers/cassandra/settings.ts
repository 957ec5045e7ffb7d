/** The cassandra.yaml and the JVM options of a small node on its own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificates } from '../certificates.ts';

const FACTORY = 'org.apache.cassandra.security.PEMBasedSslContextFactory';

export const CASSANDRA_SETTINGS: Readonly<Record<string, string>> = {
  cluster_name: 'tributary',
  num_tokens: '1',
  partitioner: 'org.apache.cassandra.dht.Murmur3Partitioner',
  endpoint_snitch: 'SimpleSnitch',
  listen_address: '127.0.0.1',
  rpc_address: '127.0.0.1',
  commitlog_sync: 'batch',
  commitlog_segment_size: '32MiB',
  commitlog_total_space: '1024MiB',
  memtable_heap_space: '64MiB',
  memtable_offheap_space: '64MiB',
  concurrent_compactors: '1',
  concurrent_reads: '16',
  auto_snapshot: 'false',
  hinted_handoff_enabled: 'false',
  dynamic_snitch: 'false',
  key_cache_size: '16MiB',
  // So that slow operations on a busy machine do not fail.
  write_request_timeout: '10s',
  read_request_timeout: '10s',
  range_request_timeout: '20s',
  request_timeout: '20s',
  // As in production: a change that exceeds these should fail a test.
  batch_size_warn_threshold: '64KiB',
  batch_size_fail_threshold: '640KiB',
};

export const LOGIN = {
  authenticator: 'PasswordAuthenticator',
  authorizer: 'CassandraAuthorizer',
  // Roles are not cached, so that a grant takes effect at once.
  roles_validity: '0ms',
  permissions_validity: '0ms',
};

/** Clients must use TLS. */
export function encrypted(folder: string): Record<string, string> {
  const { cert, key } = certificates(folder);
  const keyStore = join(folder, 'node.pem');
  writeFileSync(keyStore, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'), { mode: 0o600 });
  const factory = `{ class_name: ${FACTORY} }`;
  return {
    client_encryption_options: `{ enabled: true, optional: false, keystore: ${keyStore}, ssl_context_factory: ${factory} }`,
  };
}

const OPENS = [
  'java.base/java.io',
  'java.base/java.lang',
  'java.base/java.lang.module',
  'java.base/java.lang.reflect',
  'java.base/java.nio',
  'java.base/java.util',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.util.jar',
  'java.base/sun.nio.ch',
  'jdk.management/com.sun.management.internal',
];
const EXPORTS = [
  'java.base/java.lang.ref',
  'java.base/jdk.internal.misc',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.sql/java.sql',
  'jdk.unsupported/sun.misc',
];

/** The Java modules that Cassandra needs opened, and no waiting for other nodes. */
export const CASSANDRA_JVM: readonly string[] = [
  ...OPENS.flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`]),
  ...EXPORTS.flatMap((name) => ['--add-exports', `${name}=ALL-UNNAMED`]),
  '-Xss384k',
  '-Djdk.attach.allowAttachSelf=true',
  '-Djava.net.preferIPv4Stack=true',
  '-Dio.netty.tryReflectionSetAccessible=true',
  '-Dcassandra-foreground=yes',
  '-Dcassandra.ring_delay_ms=0',
  '-Dcassandra.skip_wait_for_gossip_to_settle=0',
  '-Dcassandra.shutdown_announce_in_ms=0',
  '-Dcassandra.superuser_setup_delay_ms=0',
];

export const LOGBACK = `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level [%thread] %date{ISO8601} %logger{0} - %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="out"/></root>
</configuration>
`;
