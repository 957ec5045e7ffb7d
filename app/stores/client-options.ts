/**
 * The options of each server's client, from the configuration. Reads the files of certificates and keys, and names those that are missing.
 */
import { readFileSync } from 'node:fs';
import { messageOf, TributaryError } from '../../core/errors.ts';
import type { Config } from '../config/keys.ts';

export const kafkaOptions = (config: Config, url: string) => ({
  url,
  sessionMs: config.sessionMs,
  tls: pemOf(config),
});
export const confluentOptions = (config: Config, url: string) => ({ url, ca: pemOf(config).ca });
export const cassandraOptions = ({ tlsCa: ca, tlsCert: cert, tlsKey: key }: Config, url: string) => {
  return { url, tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } };
};
export const redisOptions = (config: Config, url: string) => ({
  url,
  prefix: config.cachePrefix,
  tls: pemOf(config),
});
export const elasticsearchOptions = (
  { searchApiKey: apiKey, tlsCa: caFile, searchPrefix: prefix }: Config,
  url: string,
) => ({
  url,
  apiKey,
  caFile,
  prefix,
});
export const postgresOptions = (config: Config, url: string) => {
  const { ca } = pemOf(config);
  return { url, ...(ca !== undefined && { ca }) };
};
export const s3Options = (config: Config, url: string) => {
  const { ca } = pemOf(config);
  return { url, ...(ca !== undefined && { ca }) };
};
/** Where other programs find the objects, without credentials. Undefined for a folder of this machine. */
export const bucketOf = (config: Config): string | undefined => {
  const { protocol, host, pathname } = URL.parse(config.objects) ?? {};
  return protocol === 's3:' ? `s3://${host}${pathname}` : undefined;
};
export const trinoOptions = (config: Config, url: string) => ({
  url,
  location: bucketOf(config),
  ca: pemOf(config).ca,
});
export const smtpOptions = (config: Config, url: string) => {
  const { mailFrom: from, mailDkimDomain: domain, mailDkimSelector: selector, mailDkimKey: key } = config;
  const dkim = domain && selector && key ? { domain, selector, privateKey: fileOf('mailDkimKey', key) } : undefined;
  return { url, from, ca: pemOf(config).ca, dkim };
};

export function pemOf({ tlsCa, tlsCert, tlsKey }: Config): { ca?: string; cert?: string; key?: string } {
  return {
    ...(tlsCa && { ca: fileOf('tlsCa', tlsCa) }),
    ...(tlsCert && { cert: fileOf('tlsCert', tlsCert) }),
    ...(tlsKey && { key: fileOf('tlsKey', tlsKey) }),
  };
}

function fileOf(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TributaryError('CONFIG_INVALID', `${key}: ${path} cannot be read: ${messageOf(error)}`);
  }
}

export function needed(key: string, value: string | undefined, why: string): string {
  if (value !== undefined) return value;
  throw new TributaryError('CONFIG_INVALID', `${why} needs ${key}: give the secret that signs calls`);
}
