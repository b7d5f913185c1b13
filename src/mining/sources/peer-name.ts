// Says from which machine a request comes: from the connection's address, a trusted proxy's header and the miner's own
// name. What a stranger wrote is checked for its form, and stays text.

import { BlockList, isIP, SocketAddress } from 'node:net';
import { CodedError } from '../../lib/errors.ts';
import type { Peer } from '../domain/submission.ts';

/** Longest name that a miner may give itself in `X-Miner`. */
export const MINER_NAME_CHARACTERS_MAX = 64;

/**
 * The address in the form in which it is shown: an IPv4-mapped one as IPv4, any other IPv6 one in its shortest form.
 * Returns null for a text that is no address.
 */
export function shownAddress(text: string): string | null {
  switch (isIP(text)) {
    case 4:
      return text;
    case 6: {
      const [address = '', zone] = text.split('%');
      const shortest = new SocketAddress({ address, family: 'ipv6' }).address;
      const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(shortest)?.[1];
      return mapped ?? (zone === undefined ? shortest : `${shortest}%${zone}`);
    }
    default:
      return null;
  }
}

/** True for an address of this machine's loopback, in the form of {@link shownAddress}. */
export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/** True for a name that counts: 1 to 64 characters of printable ASCII, blanks included. Markup is text like any other. */
export function isMinerName(name: string): boolean {
  return name.length <= MINER_NAME_CHARACTERS_MAX && /^[\x20-\x7e]+$/.test(name) && name.trim() !== '';
}

/** The proxies whose `X-Forwarded-For` is believed. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /** Takes addresses and networks such as `10.0.0.0/8`; throws `settings_invalid` that shows the one that is neither. */
  constructor(entries: readonly string[]) {
    this.#isEmpty = entries.length === 0;
    for (const entry of entries) this.#add(entry);
  }

  /** True if the address, in the form of {@link shownAddress}, is one of them. */
  has(address: string): boolean {
    if (this.#isEmpty) return false;
    return this.#list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }

  /**
   * The address of the client: that of the connection; behind a trusted proxy the last address of its header that is
   * not a trusted proxy too. What stands further left was written by the client, and is not believed.
   */
  clientOf(address: string, forwardedFor: string | undefined): string {
    let client = address;
    if (forwardedFor === undefined || !this.has(address)) return client;
    for (const hop of forwardedFor.split(',').toReversed()) {
      const shown = shownAddress(withoutPort(hop.trim()));
      if (shown === null) break;
      client = shown;
      if (!this.has(shown)) break;
    }
    return client;
  }

  #add(entry: string): void {
    const [, network = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
    const version = isIP(network);
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (version === 0 || (bits !== undefined && Number(bits) > (version === 6 ? 128 : 32))) {
      throw new CodedError(
        'settings_invalid',
        `server.trusted_proxies: ${JSON.stringify(entry)} is neither an address nor a network such as 10.0.0.0/8`,
      );
    }
    if (bits === undefined) this.#list.addAddress(network, family);
    else this.#list.addSubnet(network, Number(bits), family);
  }
}

/** Some proxies write the port behind the address: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
}

/** The peer of a request; its name must be one that counts. */
export function peerOf(address: string, name: string | null): Peer {
  return { machineId: name === null ? address : `${name}@${address}`, address };
}
