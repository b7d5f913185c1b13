// Checks whether a port is free by listening on it for an instant.

import { createServer } from 'node:net';
import { CodedError } from '../../lib/errors.ts';
import { listenFault } from '../../lib/listen-fault.ts';

/**
 * Throws `port_in_use`, which names the setting, or `broker_start_failed` if the address is not one of this machine.
 */
export async function requireFreePort(host: string, port: number, setting: string): Promise<void> {
  const error = await listenOnce(host, port);
  if (error === null) return;
  if (error.code === 'EADDRINUSE') throw portInUse(port, setting, 'another program');
  const settings = { hostSetting: 'EMBEDDED_NATS_HOST', portSetting: setting };
  const { sentence } = listenFault(error, { host, port, ...settings });
  throw new CodedError('broker_start_failed', `The broker cannot be started: ${sentence}.`, { cause: error });
}

/** The error for a port that another program uses. */
export function portInUse(port: number, setting: string, holder: string): CodedError {
  return new CodedError(
    'port_in_use',
    `Port ${port} (${setting}) is taken by ${holder}: end that, or set ${setting} to a free port.`,
  );
}

function listenOnce(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
