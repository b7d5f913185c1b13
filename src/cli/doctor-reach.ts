// Whether another server takes a connection, for `doctor`. It sends nothing.

import { connect } from 'node:net';
import { errorCode } from '../lib/error-code.ts';
import { type Check, ok, warn } from './finding.ts';

const PATIENCE_MS = 4_000;

/** The check of one address; `named` says whose it is. A server that is away is a warning: programs wait for it. */
export function reachCheck(what: string, named: string, address: string, remedy: string): Check {
  const { hostname, port, protocol } = new URL(address);
  const host = hostname.replace(/^\[|\]$/g, '');
  const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
  return {
    what,
    async look() {
      const fault = await faultAt(host, number);
      const place = `${hostname}:${number}`;
      return [
        fault === null
          ? ok(what, `${named} takes connections at ${place}`)
          : warn(what, `${named} does not take connections at ${place} (${fault})`, remedy),
      ];
    },
  };
}

/** Null if the connection was made; else the code of the failure. */
function faultAt(host: string, port: number): Promise<string | null> {
  return new Promise((settle) => {
    const socket = connect({ host, port, timeout: PATIENCE_MS });
    const end = (fault: string | null) => {
      socket.destroy();
      settle(fault);
    };
    socket.once('connect', () => end(null));
    socket.once('error', (error) => end(errorCode(error) ?? 'unknown error'));
    socket.once('timeout', () => end('no answer'));
  });
}
