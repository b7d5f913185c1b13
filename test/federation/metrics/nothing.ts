// Parts of the federation's metrics in which nothing has happened yet.

import { NONE_MISSING } from '../../../src/federation/domain/missing.ts';
import type { MetricsParts } from '../../../src/federation/metrics/metrics.ts';
import { NO_BACKUP } from '../../support/no-backup.ts';

export const NOTHING: MetricsParts = {
  accounts: () => null,
  status: () => null,
  nodes: () => ({ online: 0, stale: 0, offline: 0 }),
  trust: () => ({ authenticated: 0, claimed: 0 }),
  missing: () => NONE_MISSING,
  pool: () => ({ waitingQuestions: 0 }),
  feed: () => ({ clients: 0, dropped: 0, refused: 0 }),
  logLoss: () => ({ lines: 0 }),
  descriptors: () => ({ seconds: 0 }),
  isReady: () => false,
  refusals: () => 0,
  cluster: () => null,
  receivers: () => [{ name: 'ops', counts: { waiting: 0, sent: 0, failed: 0, dropped: 0 } }],
  tick: () => null,
  modeSetting: 'auto',
  lastBackup: NO_BACKUP,
  version: '0',
  wallMs: (monotonicMs) => performance.timeOrigin + monotonicMs,
};
