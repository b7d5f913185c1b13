// The HTTP server of the enclave: attestation, registrations, what owners read, its public key, probes and metrics. All
// its errors are flat. It takes no request with which a page of another site would change something.

import type { FastifyInstance } from 'fastify';
import { sendJson } from '../../http/answers.ts';
import type { HttpServer } from '../../http/bounded-server.ts';
import { addKeySetRoute } from '../../http/key-set.ts';
import { createHttpServer, type HttpParts } from '../../http/server.ts';
import type { EnclaveIdentity } from '../domain/enclave-link.ts';
import { ENCLAVE_ERRORS } from './enclave-parameters.ts';
import type { EnclaveReadiness } from './enclave-readiness.ts';
import { addEnclaveRoutes, type EnclaveRouteParts } from './enclave-routes.ts';
import { ENCLAVE_HEALTH, ENCLAVE_READYZ } from './enclave-schemas.ts';
import { refuseOtherSites } from './other-sites.ts';

/** What the server needs of the enclave. */
export interface EnclaveServerParts
  extends Pick<HttpParts, 'live' | 'metrics' | 'failed'>,
    Omit<EnclaveRouteParts, 'failed'> {
  readiness(): EnclaveReadiness;
  /** Who the enclave is, as far as strangers may know it. */
  readonly identity: Pick<
    EnclaveIdentity,
    'processId' | 'version' | 'platform' | 'sealId' | 'isSealKeyTemporary' | 'signingKey'
  >;
}

const API = {
  title: 'Enclave of the trades aggregator',
  description: 'Takes exchange accounts with sealed credentials, and shows their owners what became of them.',
  codes: Object.keys(ENCLAVE_ERRORS),
  errorShape: 'flat',
  hasKeys: false,
  anyOrigin: false,
} as const;

/** Makes the server; it does not listen before `start`. Port 0 chooses any free port. */
export function createEnclaveServer(
  { host, port }: { readonly host: string; readonly port: number },
  parts: EnclaveServerParts,
): HttpServer {
  const { identity } = parts;
  return createHttpServer(
    { host, port, hostSetting: 'ENCLAVE_HOST', portSetting: 'ENCLAVE_PORT' },
    {
      live: () => parts.live(),
      readiness: () => parts.readiness(),
      metrics: () => parts.metrics(),
      failed: (error) => parts.failed(error),
      api: API,
      readinessSchema: ENCLAVE_READYZ,
      pageFolder: new URL('enclave-page/', import.meta.url),
      addRoutes(app) {
        refuseOtherSites(app);
        addHealth(app, parts);
        addEnclaveRoutes(app, parts);
        addKeySetRoute(app, {
          keySetSummary: 'The public key for the signatures of this enclave’s summaries',
          publicKeys: () => [{ ...identity.signingKey, provenance: 'polled' }],
        });
      },
    },
  );
}

/** Another process that finds the port taken learns here who holds it. */
function addHealth(app: FastifyInstance, { identity, nowMs }: EnclaveServerParts): void {
  const { version, platform, processId, sealId, isSealKeyTemporary } = identity;
  const who = {
    version,
    platform,
    process_id: processId,
    seal_id: sealId,
    seal_key_temporary: isSealKeyTemporary,
  };
  app.get('/health', { schema: ENCLAVE_HEALTH }, (_request, reply) =>
    sendJson(reply, JSON.stringify({ status: 'ok', timestamp: new Date(nowMs()).toISOString(), ...who })),
  );
}
