// The JSON Schemas (2020-12) of the probes and of the page's own API. They are closed: an answer has no other member.

import {
  array,
  COMPONENT,
  COUNT,
  COUNT_OR_NULL,
  counters,
  FLAG,
  NUMBER,
  object,
  oneOf,
  READINESS,
  readyzSchema,
  REASONS,
  type Schema,
  TEXT,
  TEXT_OR_NULL,
  TIME,
  TIME_OR_NULL,
} from '../../http/schema.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import { ACCOUNT_TYPES } from '../domain/registration.ts';
import { TABLE_ROWS_MAX } from './parameters.ts';
import { DIGEST, JOB_STATUSES } from './schemas.ts';

const FLAG_OR_NULL: Schema = { type: ['boolean', 'null'] };
const DIGEST_OR_NULL: Schema = { ...DIGEST, type: ['string', 'null'] };

/** The body of `/readyz`. */
export const READYZ = readyzSchema({
  database: COMPONENT,
  key: COMPONENT,
  jobs: COMPONENT,
  accounts: COMPONENT,
  backend: COMPONENT,
  process: COMPONENT,
});

/** The live numbers, which are the document of the feed too. */
export const LIVE = object({
  at: TIME,
  status: READINESS,
  reasons: REASONS,
  demonstration: { ...FLAG, description: 'The program runs its own backend, to be tried out' },
  version: TEXT,
  startedAt: TIME,
  backend: { ...TEXT, description: 'The address of the ingestion API' },
  keyId: { ...TEXT, description: 'Thumbprint of the key that signs jobs' },
  replayCommand: { ...TEXT, description: 'The command that sends dead letters again; their ids follow' },
  jobs: object({
    ...members([...JOB_STATUSES, 'limit', 'opened', 'refused', 'expired', 'taken', 'repeated']),
    notTaken: counters(['too_many', 'not_collecting']),
    ...members(['heldBytes', 'heldBytesLimit', 'folded', 'sealing']),
  }),
  nodes: counters(NODE_STATES),
  accounts: object({ ...members(NODE_STATES), isLinked: FLAG_OR_NULL }),
  socket: object({
    isListening: FLAG,
    ...members(['connections', 'connectionsLimit', 'refusedConnections', 'frames']),
    errors: counters(['invalid_json', 'unknown_type', 'invalid_trade', 'not_collecting', 'too_many']),
    closed: counters([
      'bad_path',
      'unknown_job',
      'job_ended',
      'too_big',
      'protocol',
      'slow_reader',
      'silent',
    ]),
  }),
  outbox: object({
    ...members(['waiting', 'heldBytes', 'bytesLimit', 'underWay', 'deadLetters', 'oldestAgeSecs']),
    ...members(['delivered', 'dead', 'replayed']),
    attempts: counters(['delivered', 'repeated', 'retried', 'dead']),
    lastDeliveredAt: TIME_OR_NULL,
    problem: TEXT_OR_NULL,
  }),
  database: object({
    problem: TEXT_OR_NULL,
    ...members(['waitingFacts', 'lostFacts', 'sizeBytes']),
    freeBytes: COUNT_OR_NULL,
  }),
});

/** Sums of hours over time. */
export const BUCKETS = object({
  stepSecs: { ...COUNT, description: 'Seconds of one point; whole hours' },
  at: array(TIME),
  trades: array(COUNT),
  volumeQuote: array(NUMBER),
  feesUsd: array(NUMBER),
});

/** A part of the outbox, newest first. */
export const OUTBOX = rows({
  id: COUNT,
  clientId: TEXT,
  exchange: TEXT,
  digest: DIGEST,
  seq: COUNT_OR_NULL,
  state: oneOf(['waiting', 'delivered', 'dead']),
  trades: COUNT,
  bodyBytes: COUNT,
  sealedAt: TIME,
  endedAt: TIME_OR_NULL,
  attempts: COUNT,
  status: COUNT_OR_NULL,
  reason: TEXT,
});

/** The newest jobs. */
export const JOBS = rows({
  name: { ...TEXT, description: 'The first 8 digits of the SHA-256 of the job id, which is secret' },
  clientId: TEXT,
  exchange: TEXT,
  status: oneOf(JOB_STATUSES),
  trades: COUNT,
  createdAt: TIME,
  expiresAt: TIME,
  digest: DIGEST_OR_NULL,
});

/** Exchange accounts. */
export const ACCOUNTS = rows({
  account: { ...TEXT, description: 'The client_id of its summaries' },
  label: { ...TEXT, description: 'What the user calls it' },
  exchange: TEXT,
  accountType: oneOf(ACCOUNT_TYPES),
  sandbox: FLAG,
  local: { ...FLAG, description: 'Its exchange is a local server (EXCHANGE_URLS)' },
  state: oneOf(NODE_STATES),
  reason: { ...TEXT, description: 'Why it is not polled as it should be; empty while all is well' },
  exchangeCode: TEXT_OR_NULL,
  warnings: array(TEXT),
  lastPoll: TIME_OR_NULL,
  intervalSecs: COUNT,
  unpolledMarkets: { ...COUNT, description: 'Markets that could not be polled or searched yet' },
  readTo: TIME_OR_NULL,
  seq: COUNT,
  sessionExpires: TIME_OR_NULL,
});

/** The clients that have summaries. */
export const CLIENTS = rows({ clientId: TEXT, summaries: COUNT, lastSealedAt: TIME });

function rows(columns: Readonly<Record<string, Schema>>): Schema {
  return object({ rows: array(object(columns), { maxItems: TABLE_ROWS_MAX }) });
}

function members(names: readonly string[]): Readonly<Record<string, Schema>> {
  return Object.fromEntries(names.map((name) => [name, COUNT]));
}
