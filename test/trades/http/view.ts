// A program's view, as the tests of the page and the metrics use it.

import type { HistogramSnapshot } from '../../../src/lib/histogram.ts';
import { NO_ACCOUNTS } from '../../../src/trades/domain/no-accounts.ts';
import type { TradesView } from '../../../src/trades/domain/view.ts';

export const STARTED_MS = Date.UTC(2026, 0, 15);
export const KEY_ID = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k';
const SECONDS: HistogramSnapshot = { boundsSeconds: [0.5, 1], counts: [2, 3, 4], sumSeconds: 17.5 };

export const VIEW: TradesView = {
  isDemonstration: false,
  version: '0.2.0',
  startedAtMs: STARTED_MS,
  uptimeSeconds: 90,
  backendUrl: 'http://localhost:3010/base',
  keyId: KEY_ID,
  jobs: {
    byStatus: { collecting: 4, processing: 3, completed: 2, failed: 1 },
    jobsMax: 1_000,
    opened: 12,
    refused: 5,
    expired: 2,
    taken: 500,
    repeated: 6,
    notTaken: { too_many: 7, not_collecting: 8 },
    heldBytes: 9_000,
    heldBytesMax: 536_870_912,
    folded: 400,
    sealSeconds: SECONDS,
    sealing: 1,
    sealRetries: 14,
    unsealable: 15,
    waitingCalls: 16,
    waitingCallsMax: 1_000,
    transitions: { online: 17, stale: 18, offline: 19 },
    actorFailures: { restarted: 20, given_up: 21 },
  },
  nodes: { online: 7, stale: 2, offline: 1 },
  socket: {
    isListening: true,
    connections: 11,
    connectionsMax: 2_000,
    unsentBytes: 4_321,
    refusedConnections: 13,
    frames: 600,
    bytes: 70_000,
    errors: { invalid_json: 1, unknown_type: 2, invalid_trade: 3, not_collecting: 4, too_many: 5 },
    closed: {
      bad_path: 1,
      unknown_job: 2,
      job_ended: 6,
      too_big: 3,
      protocol: 7,
      slow_reader: 4,
      silent: 5,
    },
  },
  outbox: {
    waiting: 3,
    waitingBytes: 2_048,
    heldBytes: 3_000,
    bytesMax: 1_073_741_824,
    underWay: 1,
    deadLetters: 0,
    oldestAgeMs: 4_500,
    delivered: 20,
    dead: 2,
    replayed: 1,
    attempts: { delivered: 19, repeated: 1, retried: 14, dead: 2 },
    deliverySeconds: SECONDS,
    lastDeliveredAtMs: STARTED_MS + 60_000,
    problem: null,
  },
  accounts: NO_ACCOUNTS,
  store: {
    problem: null,
    waitingFacts: 1,
    droppedFacts: 0,
    unstorableFacts: 0,
    sizeBytes: 4_096,
    freeBytes: 50,
    commitSeconds: SECONDS,
  },
  readProblem: null,
  descriptors: { problem: null, seconds: 0 },
  logLoss: { lines: 0, problem: null },
};
