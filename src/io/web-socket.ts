// WebSockets to a broker. Node's own take no authority and no client certificate and keep to themselves why they fail;
// those of the package `ws` do not. The NATS client's factory for them must never fail: the client would wait for ever.

import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { WsSocketFactory } from 'nats';
import { WebSocket } from 'ws';

/** PEM files; null: the system's authorities, no client certificate. */
export interface TlsFiles {
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** How long a broker that does not answer may delay our end. */
const CLOSE_TIMEOUT_MS = 1000;

/** Makes the factory. Throws if the files cannot be read or used; later, the last good ones stand in for such files. */
export function webSocketFactory(files: TlsFiles): WsSocketFactory {
  let secureContext = readContext(files);
  return (url) => {
    try {
      secureContext = readContext(files);
    } catch {
      // Being renewed just now, perhaps.
    }
    // The package's types lack `closeTimeout`.
    const options = { secureContext, perMessageDeflate: false, closeTimeout: CLOSE_TIMEOUT_MS };
    const socket = new WebSocket(url, options);
    // Before the client's own listener; and whatever the client does with that, no error is without one, which would end
    // the thread.
    socket.on('error', tellWhy);
    // The client needs of the browsers' interface what `ws` has.
    const asBrowsers = socket as unknown as Awaited<ReturnType<WsSocketFactory>>['socket'];
    return Promise.resolve({ socket: asBrowsers, encrypted: url.startsWith('wss:') });
  };
}

function readContext({ caFile, certFile, keyFile }: TlsFiles): SecureContext {
  return createSecureContext({
    ...(caFile === null ? {} : { ca: readFileSync(caFile) }),
    ...(certFile === null ? {} : { cert: readFileSync(certFile) }),
    ...(keyFile === null ? {} : { key: readFileSync(keyFile) }),
  });
}

/** A host with several addresses fails with an error for each, and no message of its own. */
function tellWhy(error: Error): void {
  if (error.message !== '' || !(error instanceof AggregateError)) return;
  const first: unknown = error.errors[0];
  if (first instanceof Error) error.message = first.message;
}
