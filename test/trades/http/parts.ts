// A server over parts that a test gives: a part that is not given answers with the values of view.ts.

import { onTestFinished } from 'vitest';
import { judgeReadiness } from '../../../src/trades/http/readiness.ts';
import type { JobService } from '../../../src/trades/http/job-routes.ts';
import {
  createTradesServer,
  type TradesHttpOptions,
  type TradesHttpParts,
  type TradesHttpServer,
} from '../../../src/trades/http/server.ts';
import { VIEW } from './view.ts';

/** A service without jobs. */
export const NO_JOBS: JobService = {
  open: () => ({ jobId: '0'.repeat(32), token: null }),
  mayUse: () => 'unknown',
  view: () => null,
  process: () => 'unknown',
};

export function createServer(
  given: Partial<TradesHttpParts> = {},
  options: Partial<TradesHttpOptions> = {},
): TradesHttpServer {
  const view = given.view ?? (() => VIEW);
  const server = createTradesServer(
    { host: '127.0.0.1', port: 0, clientId: 'test-client-1', allowsPlainRegistration: false, ...options },
    {
      live: () => true,
      readiness: () => judgeReadiness(view()),
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
      view,
      jobs: NO_JOBS,
      wsPort: () => 5010,
      registrations: null,
      publicKeys: () => [],
      jobRows: () => [],
      accountRows: () => [],
      buckets: async ({ fromMs, toMs }) => ({ stepMs: toMs - fromMs, points: [] }),
      outbox: async () => [],
      clients: async () => [],
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      failed: (error) => {
        throw error;
      },
      ...given,
    },
  );
  onTestFinished(() => server.stop());
  return server;
}

export async function startServer(
  parts: Partial<TradesHttpParts> = {},
  options: Partial<TradesHttpOptions> = {},
): Promise<string> {
  return (await createServer(parts, options).start()).url;
}
