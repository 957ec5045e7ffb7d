/**
 * The addresses to which a URL chosen by a user may lead: only those of the public internet, so that nobody reaches
 * internal services through Tributary. What counts is the address of the connection, not its name.
 */
import { lookup as systemLookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { messageOf, TributaryError } from '../../../core/errors.ts';

/** All IPv4 networks that the IANA registry of special-purpose addresses marks as not globally reachable, and multicast. */
const NOT_PUBLIC_V4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];
/** IPv6 has one public block. These networks in it are excluded, among them those that represent IPv4 addresses. */
const PUBLIC_V6 = ['2000::/3'];
const NOT_PUBLIC_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** A separate resolver, so that names that lead nowhere do not occupy the few threads of the system's resolver. */
const RESOLVE_MS = 3000;

export class Addresses {
  readonly #notPublic = listOf([...NOT_PUBLIC_V4, ...NOT_PUBLIC_V6]);
  readonly #publicV6 = listOf(PUBLIC_V6);
  readonly #allowed: BlockList;
  readonly #resolver = new Resolver({ timeout: RESOLVE_MS, tries: 2 });

  /** `allowed`: networks such as `10.1.0.0/16` that may be reached although they are not public. */
  constructor(allowed: readonly string[]) {
    this.#allowed = listOf(allowed);
  }

  /** Whether the address, without brackets, may be reached. */
  mayReach(address: string): boolean {
    const version = isIP(address);
    if (version === 0) return false;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (this.#allowed.check(address, family)) return true;
    return !this.#notPublic.check(address, family) && (version === 4 || this.#publicV6.check(address, family));
  }

  /** For a connection: never returns an address that may not be reached. */
  readonly lookup: LookupFunction = (host, { all }, done) => {
    this.#find(host).then(
      (found) => {
        const reachable = found.filter((address) => this.mayReach(address));
        const [first] = reachable;
        if (first === undefined) done(new Forbidden(`${host} has no address that may be reached`), '', 0);
        else if (all)
          done(
            null,
            reachable.map((address) => ({ address, family: isIP(address) })),
          );
        else done(null, first, isIP(first));
      },
      (error) => done(error as NodeJS.ErrnoException, '', 0),
    );
  };

  /** Asks the DNS. If it does not know the name, asks the system, which has names of its own. */
  async #find(host: string): Promise<string[]> {
    const found = await Promise.allSettled([this.#resolver.resolve4(host), this.#resolver.resolve6(host)]);
    const addresses = found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    if (addresses.length > 0) return addresses;
    const late = found.find((each) => each.status === 'rejected' && each.reason?.code === 'ETIMEOUT');
    if (late !== undefined) throw (late as PromiseRejectedResult).reason;
    return new Promise((resolve, reject) => {
      systemLookup(host, { all: true }, (error, all) => {
        if (error) reject(error);
        else resolve(all.map(({ address }) => address));
      });
    });
  }
}

/** The address must not be reached. */
export class Forbidden extends Error {}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    const version = isIP(address);
    try {
      if (version === 0 || !/^\d+$/.test(bits)) throw new Error('it is not written as address/bits');
      list.addSubnet(address, Number(bits), version === 4 ? 'ipv4' : 'ipv6');
    } catch (error) {
      throw new TributaryError(
        'CONFIG_INVALID',
        `${JSON.stringify(network)} is not a network: ${messageOf(error)}; write it as 10.1.0.0/16`,
      );
    }
  }
  return list;
}
