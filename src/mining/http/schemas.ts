// The JSON Schemas (2020-12) of the API's answers, from which `/api/openapi.json` is made. They are closed: an answer has
// no other member. Words come from the domain.

import {
  array,
  COMPONENT,
  COUNT,
  counters,
  errorSchema,
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
} from '../../http/schema.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import { SUMMARY_REFUSALS_MAX, VERDICT_ROWS_MAX } from '../domain/dashboard.ts';
import { VERDICTS } from '../domain/facts.ts';
import { TABLE_NESTED_ROWS_MAX, TABLE_PAGE_ROWS_MAX } from '../domain/tables.ts';
import { DELIVERY_OUTCOMES, INFORMATION_ANSWERS, PROOF_OUTCOMES } from '../domain/view.ts';
import { UPSTREAM_STATES } from '../domain/upstream-state.ts';
import { PARAMETER_CODES } from './parameters.ts';

const U64: Schema = { type: 'string', pattern: '^[0-9]+$', description: 'Decimal digits of an integer' };
const U64_OR_NULL: Schema = { ...U64, type: ['string', 'null'] };

/** The body of a refusal. */
export const ERROR = errorSchema(PARAMETER_CODES);

/** The body of `/readyz`. */
export const READYZ = readyzSchema({
  database: COMPONENT,
  workers: COMPONENT,
  upstream: COMPONENT,
  process: COMPONENT,
});

/** The body of `/stats`, which may have further members. */
export const STATS: Schema = {
  type: 'object',
  description: 'Statistics of machines and accounts; integers are exact to 64 bits',
  required: ['uniqueMiners', 'uniqueMachines', 'activeMachines', 'currentBlockBest', 'machines', 'accounts'],
};

const SUMMARY = object({
  uniqueMiners: COUNT,
  uniqueMachines: COUNT,
  activeMachines: COUNT,
  listedMachines: COUNT,
  listedAccounts: COUNT,
  currentHeight: U64,
  totalCapacity: TEXT,
  networkCapacity: TEXT,
  currentBlockBest: object({
    height: U64,
    bestPocTime: U64_OR_NULL,
    bestRawQuality: U64_OR_NULL,
    bestAccountId: TEXT_OR_NULL,
    bestMachineId: TEXT_OR_NULL,
  }),
  refusals: array(object({ accountId: TEXT, text: TEXT }), {
    maxItems: SUMMARY_REFUSALS_MAX,
    description: 'Accounts that their upstream refuses, with its words',
  }),
  refusalsTotal: COUNT,
  isComplete: { ...FLAG, description: 'False while the statistics are read from the file after a start' },
});

const UPSTREAM = object({
  name: TEXT,
  mode: oneOf(['pool', 'wallet']),
  state: oneOf(UPSTREAM_STATES),
  since: TIME,
  isActive: { ...FLAG, description: 'Miners are served from it' },
  height: U64_OR_NULL,
  informationAgeSecs: { ...COUNT, type: ['integer', 'null'] },
  lastError: { ...object({ text: TEXT, at: TIME }), type: ['object', 'null'] },
  alarms: array(TEXT, { description: 'What an operator must do something about' }),
  delivery: counters([
    'waiting',
    'underWay',
    'oldestAgeSecs',
    'attempts',
    'failedAttempts',
    ...DELIVERY_OUTCOMES,
    'redelivered',
    'mismatched',
  ]),
});

/** The live numbers, which are the document of the feed too. */
export const HEALTH = object({
  at: TIME,
  status: READINESS,
  reasons: REASONS,
  demonstration: { ...FLAG, description: 'The upstream and the miners are simulated' },
  version: TEXT,
  startedAt: TIME,
  statistics: SUMMARY,
  machines: counters([...NODE_STATES, 'total']),
  upstreams: array(UPSTREAM),
  door: object({
    ...members(['connections', 'connectionsLimit', 'refusedConnections', 'polls', 'badRequests']),
    ...members(['unauthenticated', 'closedUnanswered']),
    informationAnswers: counters(INFORMATION_ANSWERS),
  }),
  desk: object({
    ...members(['submissions', 'answeredUnverified']),
    verdicts: counters(VERDICTS),
  }),
  proofs: object({
    isOff: FLAG,
    ...members(['workers', 'busyWorkers', 'waiting', 'waitingLimit', 'oldestAgeSecs', 'joined']),
    overBudgetAddresses: COUNT,
    outcomes: counters(PROOF_OUTCOMES),
  }),
  database: object({ problem: TEXT_OR_NULL, waitingFacts: COUNT, sizeBytes: COUNT }),
});

const ROW = {
  id: TEXT,
  capacityTib: NUMBER,
  submissions24h: COUNT,
  submissionPercentage: NUMBER,
  lastSeenSecsAgo: NUMBER,
  isActive: FLAG,
  ...members(['forwarded', 'accepted', 'rejected', 'verified', 'failedProofs']),
};
const PAGE = { page: { type: 'integer', minimum: 1 }, pages: COUNT, total: COUNT };

/** A page of a table. */
export const TABLE = object({
  rows: array(
    object({
      ...ROW,
      accountId: { ...TEXT_OR_NULL, description: 'Of a miner, which is a pair of machine and account' },
      refusal: { ...TEXT_OR_NULL, description: 'Why the upstream refuses the account, in its words' },
      nested: array(object(ROW), { maxItems: TABLE_NESTED_ROWS_MAX }),
      nestedCount: COUNT,
    }),
    { maxItems: TABLE_PAGE_ROWS_MAX },
  ),
  ...PAGE,
});

const GAPS = array(object({ from: TIME, to: TIME }), {
  description: 'Pairs of neighbours in `at` between which nothing was recorded',
});

/** The best of every block. */
export const ROUNDS = object({
  at: array(TIME),
  heights: array(U64),
  bestPocTimes: array({ type: ['number', 'null'], description: 'Seconds' }),
  submissions: array(COUNT),
  gaps: GAPS,
});

/** What became of the submissions of each miner. */
export const MINER_VERDICTS = object({
  miners: array(
    object({
      machineId: TEXT,
      accountId: TEXT,
      counts: object(members(VERDICTS), VERDICTS),
    }),
    { maxItems: VERDICT_ROWS_MAX, description: 'Those with most submissions first' },
  ),
});

/** Capacity over time. */
export const CAPACITY = object({ at: array(TIME), capacityTib: array(NUMBER), gaps: GAPS });

function members(names: readonly string[]): Readonly<Record<string, Schema>> {
  return Object.fromEntries(names.map((name) => [name, COUNT]));
}
