// Decides which broker the program uses, and with which credentials: the broker of NATS_URL, the embedded broker, or
// one that was already running. It starts none and connects to none.

import { type NatsSettings, type Settings, wantsOwnBroker } from '../config/settings.ts';
import {
  type BrokerEndpoint,
  type BrokerParts,
  createEmbeddedBroker,
  type EmbeddedBroker,
} from '../../io/embedded-broker/broker.ts';
import type { NatsOptions } from '../../io/nats.ts';
import { FEDERATION_RIGHTS } from './subjects.ts';

/**
 * The embedded broker, not yet started; null if the settings name another broker or want none. `searchPath` is PATH.
 */
export function embeddedBrokerFor(
  settings: Pick<Settings, 'embedded' | 'nats'>,
  searchPath: string,
  parts: BrokerParts,
): EmbeddedBroker | null {
  if (!wantsOwnBroker(settings)) return null;
  const { embedded } = settings;
  return createEmbeddedBroker(
    {
      rights: FEDERATION_RIGHTS,
      dir: embedded.dir,
      host: embedded.host,
      port: embedded.port,
      wsPort: embedded.wsPort,
      tlsCert: embedded.tlsCertFile ?? undefined,
      tlsKey: embedded.tlsKeyFile ?? undefined,
      monitorPassword: embedded.monitorPassword ?? undefined,
      binary: embedded.binary ?? undefined,
      searchPath,
      mode: embedded.mode === 'on' ? 'on' : 'auto',
    },
    parts,
  );
}

/**
 * How to connect to the broker. `endpoint` is where the embedded broker started or found a running one; null without an
 * embedded broker.
 */
export function natsOptions(nats: NatsSettings, endpoint: BrokerEndpoint | null): NatsOptions {
  const foreign = {
    servers: endpoint === null ? (nats.urls ?? ['nats://localhost:4222']) : [endpoint.url],
    user: nats.user,
    password: nats.password,
    token: nats.token,
    credsFile: nats.credsFile,
    caFile: nats.caFile,
    certFile: nats.certFile,
    keyFile: nats.keyFile,
    // With an embedded broker, or one configured in the same way, monitors may subscribe to `_INBOX.>`, so replies need
    // another prefix.
    inboxPrefix: nats.user === 'aggregator' ? '_AGG' : null,
  };
  if (endpoint === null || !endpoint.owned) return foreign;
  return {
    ...foreign,
    user: endpoint.user ?? null,
    password: endpoint.password ?? null,
    token: null,
    credsFile: null,
    // These files are for the broker of NATS_URL; the embedded broker uses no TLS on this port.
    caFile: null,
    certFile: null,
    keyFile: null,
    inboxPrefix: endpoint.inboxPrefix ?? null,
  };
}
