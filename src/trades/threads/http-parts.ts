// Makes the HTTP server of the program from its parts. It starts nothing, and answers nothing itself.

import { systemClock } from '../../lib/clock.ts';
import type { Exposition } from '../../metrics/registry.ts';
import type { WorkerPool } from '../../workers/pool.ts';
import type { Settings } from '../config/settings.ts';
import type { AccountRow } from '../domain/account.ts';
import type { TradesView } from '../domain/view.ts';
import { judgeReadiness } from '../http/readiness.ts';
import { createTradesServer, type TradesHttpServer } from '../http/server.ts';
import type { Registrations } from '../http/user-routes.ts';
import type { JobDesk } from '../ingest/job-desk.ts';
import type { TradesQuestions } from '../workers/questions.ts';
import type { PublishedKeys } from './published-keys.ts';

/** The parts that the routes ask. */
export interface HttpParts {
  readonly metrics: Exposition;
  readonly pool: WorkerPool<TradesQuestions>;
  readonly keys: PublishedKeys;
  /** Null if no enclave belongs to this service. */
  readonly accounts: { readonly registrations: Registrations; readonly rows: readonly AccountRow[] } | null;
  /** Throws before the program has started. */
  desk(): JobDesk;
  /** The port of the job WebSocket. */
  wsPort(): number;
  view(): TradesView;
  /** A request failed, which is a defect of the program. */
  failed(error: unknown): void;
}

/** Makes the server. */
export function makeHttpServer(settings: Settings, parts: HttpParts): TradesHttpServer {
  const { listen, clientId, allowsPlainRegistration } = settings;
  const { metrics, pool, keys, accounts, desk, view } = parts;
  const { nowMs, monotonicMs } = systemClock;
  return createTradesServer(
    { host: listen.host, port: listen.port, clientId, allowsPlainRegistration },
    {
      live: () => true,
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
      failed: (error) => parts.failed(error),
      jobs: {
        open: (request) => desk().open(request),
        mayUse: (jobId, token) => desk().mayUse(jobId, token),
        view: (jobId) => desk().view(jobId),
        process: (jobId) => desk().process(jobId),
      },
      wsPort: () => parts.wsPort(),
      registrations: accounts?.registrations ?? null,
      publicKeys: () => keys.all,
      view,
      readiness: () => judgeReadiness(view()),
      jobRows: (limit) => desk().rows(limit),
      accountRows: () => accounts?.rows ?? [],
      buckets: (query) => pool.ask('buckets', query),
      outbox: (query) => pool.ask('outbox', query),
      clients: (query) => pool.ask('clients', query),
      nowMs,
      monotonicMs,
    },
  );
}
