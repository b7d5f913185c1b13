// Explains an error of `listen` to an operator, in a sentence that names the setting to change. It listens on nothing.

import { isIPv6 } from 'node:net';
import { errorCode } from './error-code.ts';
import { CodedError } from './errors.ts';

/** The address at which the caller tried to listen, and the names of its settings. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly hostSetting: string;
  readonly portSetting: string;
}

/**
 * `setting`: the address cannot be right on this machine; `place`: the address is in use or forbidden; `machine`:
 * another reason.
 */
export interface ListenFault {
  readonly blame: 'setting' | 'place' | 'machine';
  /** The address, the cause with the system's code, and the remedy. */
  readonly sentence: string;
}

/** Explains the error with which `listen` failed. */
export function listenFault(error: unknown, { host, port, hostSetting, portSetting }: Listener): ListenFault {
  const code = errorCode(error) ?? 'no code';
  const named = `${hostSetting} ${JSON.stringify(host)}`;
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const onThisMachine = `set ${hostSetting} to ${isIPv6(host) && /^[0:]+$/.test(host) ? '0.0.0.0' : '127.0.0.1 or 0.0.0.0'}`;
  switch (code) {
    case 'EADDRINUSE':
      return {
        blame: 'place',
        sentence: `${place} is in use by another program (${code}): stop that program, or set ${portSetting} to another port`,
      };
    case 'EACCES':
    case 'EPERM': {
      const remedy =
        port < 1024
          ? `set ${portSetting} to a port above 1023`
          : `let this user listen there, or set ${portSetting} to another port`;
      return { blame: 'place', sentence: `This user may not listen at ${place} (${code}): ${remedy}` };
    }
    case 'EADDRNOTAVAIL': {
      const perhaps = isIPv6(host) ? ', or IPv6 is off here' : '';
      return {
        blame: 'setting',
        sentence: `${named} is not an address of this machine${perhaps} (${code}): ${onThisMachine}`,
      };
    }
    case 'EAFNOSUPPORT':
      return {
        blame: 'setting',
        sentence: `${named} is an IPv6 address, and IPv6 is off here (${code}): ${onThisMachine}`,
      };
    case 'EINVAL':
      return {
        blame: 'setting',
        sentence: `${named} ${linkLocalFault(host)} (${code}): ${linkLocalRemedy(host, hostSetting)}`,
      };
    case 'ERR_SOCKET_BAD_PORT':
      return {
        blame: 'setting',
        sentence: `${portSetting} ${port} is not a port (${code}): set it to a number from 0 to 65535`,
      };
    case 'EMFILE':
    case 'ENFILE':
      return {
        blame: 'machine',
        sentence: `Cannot listen at ${place} because too many files are open (${code}): raise the limit (ulimit -n, LimitNOFILE)`,
      };
    default:
      // Errors of name resolution: ENOTFOUND, and the codes of getaddrinfo, EAI_….
      if (code === 'ENOTFOUND' || code === 'ENODATA' || code.startsWith('EAI_')) {
        return {
          blame: 'setting',
          sentence: `${named} is a name without an address at the moment (${code}): ${onThisMachine}`,
        };
      }
      return {
        blame: 'machine',
        sentence: `Cannot listen at ${place} (${code}): check ${hostSetting} and ${portSetting}, then what the system allows`,
      };
  }
}

/** The error with which a start ends whose `listen` failed: `settings_invalid`, `port_in_use` or `listen_failed`. */
export function listenError(error: unknown, listener: Listener): CodedError {
  const { blame, sentence } = listenFault(error, listener);
  return new CodedError(LISTEN_CODES[blame], sentence, { cause: error });
}

const LISTEN_CODES = { setting: 'settings_invalid', place: 'port_in_use', machine: 'listen_failed' } as const;

function linkLocalFault(host: string): string {
  if (!isLinkLocal(host)) return 'cannot be listened on';
  return host.includes('%')
    ? 'names an interface that this machine does not have'
    : 'is link-local and names no interface';
}

function linkLocalRemedy(host: string, hostSetting: string): string {
  if (!isLinkLocal(host)) return `set ${hostSetting} to 127.0.0.1 or 0.0.0.0`;
  return `write the interface after the address, for example ${host.replace(/%.*/, '')}%eth0`;
}

function isLinkLocal(host: string): boolean {
  return /^fe[89ab]/i.test(host);
}
