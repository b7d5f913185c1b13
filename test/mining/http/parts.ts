// A dashboard server over parts that a test gives: a part that is not given answers with the values of view.ts.

import { onTestFinished } from 'vitest';
import { createMiningAnswers } from '../../../src/mining/http/answers.ts';
import { judgeReadiness } from '../../../src/mining/http/readiness.ts';
import {
  createMiningServer,
  type MiningHttpOptions,
  type MiningHttpParts,
  type MiningHttpServer,
} from '../../../src/mining/http/server.ts';
import { SharedStatistics } from '../../../src/mining/http/shared-statistics.ts';
import type { StatsDocument } from '../../../src/mining/domain/statistics.ts';
import { STATISTICS, VIEW } from './view.ts';

export interface TestParts extends Partial<Omit<MiningHttpParts, 'statistics'>> {
  document?: () => StatsDocument;
}

export function createServer(
  { document = () => STATISTICS, ...given }: TestParts = {},
  options: Partial<MiningHttpOptions> = {},
): MiningHttpServer {
  const monotonicMs = given.monotonicMs ?? (() => performance.now());
  const view = given.view ?? (() => VIEW);
  const parts: MiningHttpParts = {
    live: () => true,
    readiness: () => judgeReadiness(view()),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
    view,
    statistics: new SharedStatistics({ statistics: document, monotonicMs }),
    rounds: async () => ({ at: [], heights: [], bestPocTimes: [], submissions: [], gaps: [] }),
    verdicts: async () => [],
    capacity: async () => ({ at: [], capacityTib: [], gaps: [] }),
    nowMs: () => Date.now(),
    monotonicMs,
    failed: (error) => {
      throw error;
    },
    ...given,
  };
  const server = createMiningServer(
    { host: '127.0.0.1', port: 0, ...options },
    parts,
    createMiningAnswers(parts),
  );
  onTestFinished(() => server.stop());
  return server;
}

export async function startServer(parts: TestParts = {}): Promise<string> {
  return (await createServer(parts).start()).url;
}
