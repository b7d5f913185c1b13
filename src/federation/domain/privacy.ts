// The personal-data guard (docs/federation.md#personal-data): every message passes it before anything is stored or
// published. Only the decoded signal goes on, and only if no text in it contains an address. The guard never repeats or
// remembers what it found.

import { isIPv4, isIPv6 } from 'node:net';
import type { Signal } from './signal.ts';

/** Names of members that contain raw data, at top level or in `data`. */
export const FORBIDDEN_MEMBERS = [
  'execution_id',
  'input_data',
  'output_data',
  'error_data',
  'private_key',
  'privateKey',
  'wallet',
  'walletAddress',
  'nodeAddress',
] as const;

const ETHEREUM_ADDRESS = /0x[0-9a-f]{40}(?![0-9a-f])/i;
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|0{0,2}[1-9]?[0-9])';
const IPV4_ADDRESS = new RegExp(`(?<![0-9]|[0-9]\\.)(?:${OCTET}\\.){3}${OCTET}(?![0-9]|\\.[0-9])`);
const IPV6_GROUPS = 8;
const PORT = /^[1-9][0-9]{1,4}$/;
const IPV6_GROUP = /^[0-9a-f]{0,4}$/i;
const EMAIL_ADDRESS = /[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}/;

/**
 * True if any text of the signal holds personal data; the message is then rejected. It checks every text member,
 * whatever its name, so that a member added to a signal later is checked too.
 */
export function holdsPersonalText(signal: Signal): boolean {
  for (const name in signal) {
    const value: unknown = signal[name as keyof Signal];
    if (typeof value === 'string' && holdsPersonalData(value)) return true;
  }
  return false;
}

// Nearly every text has none of these characters and passes after one check.
const SUSPICIOUS = /[xX.:@]/;

/** True if `text` holds an Ethereum address, an IPv4 or IPv6 address or an e-mail address. */
export function holdsPersonalData(text: string): boolean {
  if (!SUSPICIOUS.test(text)) return false;
  return (
    ETHEREUM_ADDRESS.test(text) ||
    IPV4_ADDRESS.test(text) ||
    (text.includes(':') && holdsIpv6(text)) ||
    (text.includes('@') && EMAIL_ADDRESS.test(text))
  );
}

/** Checks every longest run of groups between colons, whatever text precedes or follows it. */
function holdsIpv6(text: string): boolean {
  for (const word of text.split(/[^0-9A-Za-z:.]+/)) {
    let run: string[] = [];
    for (const part of [...word.replace(/\.+$/, '').split(':'), 'end']) {
      if (IPV6_GROUP.test(part) || (run.length > 0 && isIPv4(part))) {
        run.push(part);
        continue;
      }
      // Text after a dot (a name, or the end of a sentence) is not part of the address.
      const [head = ''] = part.split('.');
      if (part !== head && IPV6_GROUP.test(head)) run.push(head);
      if (isIpv6Run(run)) return true;
      run = [];
    }
  }
  return false;
}

/** True if the run is an IPv6 address, or the full form of one followed by a port. */
function isIpv6Run(run: readonly string[]): boolean {
  // A colon that ends a sentence is not part of the address.
  if (isAddress(run.join(':').replace(/(?<!:):$/, ''))) return true;
  return (
    run.length === IPV6_GROUPS + 1 &&
    PORT.test(run[IPV6_GROUPS] ?? '') &&
    isAddress(run.slice(0, -1).join(':'))
  );
}

/** `::` alone is a valid address that identifies no machine. */
function isAddress(text: string): boolean {
  return text !== '::' && isIPv6(text);
}

/** True if the object has a member named in {@link FORBIDDEN_MEMBERS}, with any value. */
export function hasForbiddenMember(object: Readonly<Record<string, unknown>>): boolean {
  return (
    object['execution_id'] !== undefined ||
    object['input_data'] !== undefined ||
    object['output_data'] !== undefined ||
    object['error_data'] !== undefined ||
    object['private_key'] !== undefined ||
    object['privateKey'] !== undefined ||
    object['wallet'] !== undefined ||
    object['walletAddress'] !== undefined ||
    object['nodeAddress'] !== undefined
  );
}
