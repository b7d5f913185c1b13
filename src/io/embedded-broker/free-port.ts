// Says whether a port can be listened on, by listening for an instant. Never takes one for good.

import { createServer } from 'node:net';
import { CodedError } from '../../lib/errors.ts';

/** Throws `port_in_use`, naming the setting, or `broker_start_failed` when the address is not this machine's. */
export async function requireFreePort(host: string, port: number, setting: string): Promise<void> {
  const code = await listenOnce(host, port);
  if (code === null) return;
  if (code === 'EADDRINUSE') throw portInUse(port, setting, 'another program');
  const problem =
    code === 'EACCES' ? `this user may not listen on port ${port}` : `${host} port ${port} fails (${code})`;
  const remedy =
    code === 'EACCES' ? `set ${setting} to one above 1023` : `correct EMBEDDED_NATS_HOST or ${setting}`;
  throw new CodedError('broker_start_failed', `The broker cannot be started: ${problem}; ${remedy}.`);
}

/** The sentence for a port that someone else has. */
export function portInUse(port: number, setting: string, holder: string): CodedError {
  return new CodedError(
    'port_in_use',
    `Port ${port} (${setting}) is taken by ${holder}: end that, or set ${setting} to a free port.`,
  );
}

function listenOnce(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
