// WebSocket connections to a broker. Node's own WebSocket accepts no certificate authority and no client certificate,
// and hides the reason of a failure; the package `ws` does not. The NATS client's socket factory must never fail,
// because the client would wait for ever.

import { createSecureContext, type SecureContext } from 'node:tls';
import type { WsSocketFactory } from 'nats';
import { WebSocket } from 'ws';
import { readPem } from './pem.ts';

/** Paths of PEM files, or their texts; null means the system's authorities, or no client certificate. */
export interface TlsFiles {
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** Maximum time, in ms, by which a broker that does not answer may delay the program's end. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * Makes the factory. Throws if the files cannot be read or used now. If that happens later, the factory uses the last
 * good ones.
 */
export function webSocketFactory(files: TlsFiles): WsSocketFactory {
  let secureContext = readContext(files);
  return (url) => {
    try {
      secureContext = readContext(files);
    } catch {
      // An operator may be replacing the files at this moment.
    }
    // The package's types lack `closeTimeout`.
    const options = { secureContext, perMessageDeflate: false, closeTimeout: CLOSE_TIMEOUT_MS };
    const socket = new WebSocket(url, options);
    // This guarantees an error listener: without one, an `error` event ends the thread. It is added before the client's
    // own.
    socket.on('error', tellWhy);
    // The client uses only those parts of the browsers' interface that `ws` has.
    const asBrowsers = socket as unknown as Awaited<ReturnType<WsSocketFactory>>['socket'];
    return Promise.resolve({ socket: asBrowsers, encrypted: url.startsWith('wss:') });
  };
}

function readContext({ caFile, certFile, keyFile }: TlsFiles): SecureContext {
  return createSecureContext({
    ...(caFile === null ? {} : { ca: readPem(caFile) }),
    ...(certFile === null ? {} : { cert: readPem(certFile) }),
    ...(keyFile === null ? {} : { key: readPem(keyFile) }),
  });
}

/**
 * Copies the message of the first error: a host with several addresses fails with one error per address and an empty
 * message.
 */
function tellWhy(error: Error): void {
  if (error.message !== '' || !(error instanceof AggregateError)) return;
  const first: unknown = error.errors[0];
  if (first instanceof Error) error.message = first.message;
}
