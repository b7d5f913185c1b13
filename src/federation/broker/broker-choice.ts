// Which broker the program uses, and as whom: the one of NATS_URL, our own, or one that was there before ours. It starts
// none and connects to none.

import { type NatsSettings, type Settings, wantsOwnBroker } from '../config/settings.ts';
import {
  type BrokerEndpoint,
  type BrokerParts,
  createEmbeddedBroker,
  type EmbeddedBroker,
} from '../../io/embedded-broker/broker.ts';
import type { NatsOptions } from '../../io/nats.ts';
import { FEDERATION_RIGHTS } from './subjects.ts';

/** Our own broker, not started; null where the settings name another or want none. `searchPath` is PATH. */
export function brokerOfOurs(
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

/** How to reach the broker: `endpoint` is where ours started or found another; null without one. */
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
    // Where the broker is one of ours or configured like it, monitors may listen to `_INBOX.>`.
    inboxPrefix: nats.user === 'aggregator' ? '_AGG' : null,
  };
  if (endpoint === null || !endpoint.owned) return foreign;
  return {
    ...foreign,
    user: endpoint.user ?? null,
    password: endpoint.password ?? null,
    token: null,
    credsFile: null,
    // Those files are for the broker of NATS_URL; ours speaks no TLS on this port.
    caFile: null,
    certFile: null,
    keyFile: null,
    inboxPrefix: endpoint.inboxPrefix ?? null,
  };
}
