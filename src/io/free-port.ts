// Finds a port of this machine at which nothing listens yet, for programs that a demonstration starts. Another program may
// take the port before it is used.

import { createServer } from 'node:net';
import { CodedError } from '../lib/errors.ts';

/** Ports that are tried. */
const PORTS_TRIED = 200;

/** The first free port of this address from `first` on. Errors: `port_in_use` if 200 are taken. */
export async function freePortFrom(host: string, first: number): Promise<number> {
  for (let port = first; port < first + PORTS_TRIED; port++) if (await isFree(host, port)) return port;
  throw new CodedError(
    'port_in_use',
    `No port of ${host} from ${first} to ${first + PORTS_TRIED - 1} is free: stop a program that listens there.`,
  );
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(false));
    server.listen(port, host, () => server.close(() => settle(true)));
  });
}
