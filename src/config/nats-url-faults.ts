// Explains why a list of broker addresses cannot be read, and names the remedy. It receives only lists that
// `nats-urls.ts` has refused. It quotes no part of an address, because any part may be a secret in the wrong place.

const ENCODE =
  'a user or a password has characters with a meaning of their own: percent-encode them (@ %40, : %3A, / %2F, # %23, ' +
  '? %3F, % %25, comma %2C), or set NATS_USER and NATS_PASSWORD instead';
const EXAMPLE = 'write for example nats://host:4222';

/** True if a part of the text may be a password or a token: beside an @, or in the place of a port. */
export function mayHoldSecret(text: string): boolean {
  const plain = /^([a-z]+:\/{0,2})?(\[[0-9a-f:.]*\]|[^:@\s]*)(:\d{0,5})?([/?#][^@:]*)?$/i;
  return !text.split(',').every((part) => plain.test(part.trim()));
}

/** Returns the first known fault and its remedy; undefined if the list has none of the known faults. */
export function faultInAddresses(text: string): string | undefined {
  const parts = text.split(',').map((part) => part.trim());
  const empty = faultOfEmpty(parts);
  if (empty !== undefined) return empty;
  for (const [index, part] of parts.entries()) {
    const fault = faultIn(part, index > 0);
    if (fault !== undefined) return parts.length === 1 ? fault : `address ${index + 1}: ${fault}`;
  }
  const webSockets = parts.filter((part) => /^wss?:/i.test(part)).length;
  if (webSockets !== 0 && webSockets !== parts.length) {
    return 'the addresses mix WebSocket and plain NATS: write either only ws:// and wss://, or only nats:// and tls://';
  }
  return parts.length === 1
    ? undefined
    : 'the addresses have different users or passwords: write the same in each, or set NATS_USER and NATS_PASSWORD instead';
}

function faultOfEmpty(parts: readonly string[]): string | undefined {
  const index = parts.indexOf('');
  if (index === -1) return undefined;
  const last = parts.length - 1;
  const where =
    index === 0
      ? 'before the first comma'
      : parts[last] === ''
        ? 'after the last comma'
        : 'between two commas';
  return `there is an empty address ${where}: remove the comma`;
}

function faultIn(part: string, followsComma: boolean): string | undefined {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(part) ?? [];
  if (scheme === '') {
    if (followsComma && part.includes('@')) return ENCODE;
    return `an address begins with nats://, tls://, ws:// or wss://, and this one with none of them: ${EXAMPLE}`;
  }
  if (!/^(nats|tls|wss?)$/i.test(scheme)) {
    const isHttp = /^https?$/i.test(scheme);
    const what = isHttp ? 'http:// is not spoken by a broker' : 'the scheme is none of nats, tls, ws and wss';
    return `${what}: ${EXAMPLE}${isHttp ? ', for WebSocket ws://host:9086 or wss://' : ''}`;
  }
  const at = rest.lastIndexOf('@');
  const fault = at === -1 ? undefined : faultInUser(rest.slice(0, at));
  return fault ?? faultInPlace(rest.slice(at + 1), /^ws/i.test(scheme), at !== -1);
}

function faultInUser(user: string): string | undefined {
  if (/[/\\?#]|%(?![0-9a-f]{2})/i.test(user) || !isDecodable(user)) return ENCODE;
  if (user.startsWith(':')) return 'a password stands without a user before it: write user:password@';
  if (user.endsWith(':'))
    return 'the password behind the user is empty: fill it in, or remove the colon to give a token';
  return undefined;
}

/** `place` is the part after the user: host, port, path. */
function faultInPlace(place: string, isWebSocket: boolean, hasUser: boolean): string | undefined {
  const [, address = '', behind = ''] = /^([^/\\?#]*)(.*)$/s.exec(place) ?? [];
  if (address === '') return `the host is missing: ${EXAMPLE}`;
  if (/\s/.test(address))
    return 'a space stands in the address: remove it; several addresses are separated by commas';
  if (/[${}]/.test(address)) return 'no shell has filled in the variable in the host or port: write it out';
  if (/[^\x21-\x7e]/.test(address))
    return 'the host has letters beyond a to z: write its ASCII form, which begins with xn--';
  const [, host = '', port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(address) ?? [];
  if (port?.includes(':') === true && /^[0-9a-f:.]+$/i.test(address)) {
    return 'an IPv6 address stands in brackets: write for example nats://[::1]:4222';
  }
  if (port !== undefined && !/^\d*$/.test(port)) {
    const remedy = hasUser
      ? EXAMPLE
      : `${EXAMPLE}; user and password end with @: nats://user:password@host:4222`;
    return `what stands behind the host's colon is not a port: ${remedy}`;
  }
  if (port !== undefined && port !== '' && !(Number(port) >= 1 && Number(port) <= 65_535)) {
    return 'the port is not a number from 1 to 65535: correct it';
  }
  if (!/^([\w.-]+|\[[0-9a-f:.]+\])$/i.test(host))
    return `the host has characters that no host name has: ${EXAMPLE}`;
  if (behind === '' || (isWebSocket && !/[?#]/.test(behind))) return undefined;
  return isWebSocket
    ? 'only a path may follow host and port: remove the ? or # and what follows'
    : `nothing may follow host and port: ${EXAMPLE}`;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
