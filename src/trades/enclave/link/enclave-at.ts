// Finds out which enclave holds a socket, when another enclave finds the socket taken. It sends nothing.

import { connect } from 'node:net';
import { LinkConnection } from '../../../io/local-link.ts';
import { linkPath } from '../../../io/local-link-server.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Timers } from '../../../lib/timers.ts';
import { decodeEnclaveMessage } from '../../domain/decode-enclave-message.ts';
import { type EnclaveIdentity, LINK_MESSAGE_BYTES_MAX } from '../../domain/enclave-link.ts';

/** Time for the other enclave to say who it is, in ms. */
const HELLO_MS = 2_000;

/**
 * The enclave that answers at `ENCLAVE_SOCKET`; null if none answers in time, or what answers is no enclave of this
 * version. Errors: `settings_invalid` for a path that is too long.
 */
export async function enclaveAt(
  socketPath: string,
  { clock, timers }: { readonly clock: Pick<Clock, 'monotonicMs'>; readonly timers: Timers },
): Promise<EnclaveIdentity | null> {
  const path = linkPath({ path: socketPath, setting: 'ENCLAVE_SOCKET' });
  const { promise, resolve } = Promise.withResolvers<EnclaveIdentity | null>();
  const socket = connect(path);
  socket.once('error', () => resolve(null));
  const connection = new LinkConnection(socket, { messageBytesMax: LINK_MESSAGE_BYTES_MAX, clock, timers });
  connection.open({
    message: (value) => {
      const message = decodeEnclaveMessage(value);
      resolve(message?.type === 'hello' ? message.identity : null);
    },
    closed: () => resolve(null),
  });
  const late = timers.after(HELLO_MS, () => resolve(null));
  const identity = await promise;
  late.cancel();
  connection.destroy();
  return identity;
}
