// How a test connects to a broker that asks for neither a name nor a certificate.

import type { NatsOptions } from '../../src/io/nats.ts';

export function anonymousAt(...servers: readonly string[]): NatsOptions {
  return {
    servers,
    user: null,
    password: null,
    token: null,
    credsFile: null,
    caFile: null,
    certFile: null,
    keyFile: null,
    inboxPrefix: null,
  };
}
