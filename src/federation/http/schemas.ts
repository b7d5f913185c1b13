// The JSON Schemas (2020-12) of the API's answers, from which `/api/openapi.json` is made. They are closed: an answer
// has no other member. Numbers and words come from the domain, so that a new statistic cannot be forgotten.

import { OUTCOMES } from '../domain/accounting.ts';
import { HISTORY_SERIES, LATER_SERIES } from '../domain/history.ts';
import { MISSING_OUTCOMES } from '../domain/missing.ts';
import { NODE_STRIP_CELLS_MAX } from '../domain/statistics.ts';
import { PERIODS, REJECT_REASONS } from '../domain/vocabulary.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import {
  array,
  COMPONENT,
  COUNT,
  COUNT_OR_NULL,
  counters,
  errorSchema,
  FLAG,
  object,
  oneOf,
  PERCENT,
  READINESS,
  readyzSchema,
  REASONS,
  type Schema,
  SHARE,
  SHARE_OR_NULL,
  TEXT,
  TIME,
  TEXT_OR_NULL,
  TIME_OR_NULL,
} from '../../http/schema.ts';
import { FORM_NAMES } from '../../notify/forms.ts';
import { NO_STATISTICS } from './no-statistics.ts';
import { PARAMETER_CODES } from './parameters.ts';
import { PUBLIC_MEMBERS } from './public-state.ts';

const PERIOD = oneOf(PERIODS);
const STATE = oneOf(NODE_STATES);
const DISTRIBUTION: Schema = {
  type: 'object',
  additionalProperties: COUNT,
  description: 'Label to count. Closed vocabularies carry every label; open ones the 50 largest and `other`.',
};

const RATES: ReadonlySet<string> = new Set(['successRate', 'cacheHitRate']);
const STATISTICS = Object.fromEntries(
  Object.entries(NO_STATISTICS).map(([name, value]): [string, Schema] => [
    name,
    typeof value === 'object' ? DISTRIBUTION : RATES.has(name) ? PERCENT : COUNT,
  ]),
);

/** The statistics of one period. */
export const NETWORK_STATS = object({
  ...STATISTICS,
  period: PERIOD,
  timestamp: TIME,
  aggregatorId: TEXT,
  lastUpdated: { ...TIME_OR_NULL, description: 'Of the tick; null before the first' },
  status: oneOf(['connected', 'awaiting_data']),
});

/** The distributions of one period as bars. */
export const DISTRIBUTIONS = object({
  period: PERIOD,
  lastUpdated: TIME_OR_NULL,
  distributions: object(
    Object.fromEntries(
      Object.entries(NO_STATISTICS)
        .filter(([, value]) => typeof value === 'object')
        .map(([name]): [string, Schema] => [
          name,
          object({ total: COUNT, bars: array(object({ label: TEXT, count: COUNT, share: SHARE })) }),
        ]),
    ),
  ),
});

const NODE = {
  nodeId: TEXT,
  state: STATE,
  firstSeenAt: TIME,
  lastSeenAt: TIME,
  heartbeats: COUNT,
  uptime: { ...SHARE_OR_NULL, description: 'Of the last 24 h of observed time, or since first seen' },
  authenticated: { ...FLAG, description: 'Its newest message was signed with an API key' },
};

/** A page of the node list. */
export const NODES = object({
  nodes: array(
    object(
      {
        ...NODE,
        strip: array(SHARE_OR_NULL, {
          description: 'With `strip`: the last 24 h in equal cells, oldest first',
        }),
      },
      ['strip'],
    ),
    { maxItems: 100 },
  ),
  page: { type: 'integer', minimum: 1 },
  pages: COUNT,
  total: COUNT,
  trust: {
    ...counters(['authenticated', 'claimed']),
    description: 'All nodes, by whether their newest message was signed',
  },
});

/** One node with its transitions. */
export const NODE_HISTORY = object(
  {
    ...NODE,
    uptime: { ...SHARE_OR_NULL, description: 'Of the window, or since first seen' },
    strip: array(SHARE_OR_NULL, {
      maxItems: NODE_STRIP_CELLS_MAX,
      description: 'With `strip`: the window in equal cells, oldest first; null where nothing is known',
    }),
    transitions: array(object({ at: TIME, from: STATE, to: STATE, cause: TEXT }), {
      description: 'The newest 100, newest first',
    }),
  },
  ['strip'],
);

/** The limits in force. */
export const LIMITS = object({
  ratePerMinute: COUNT,
  rateBurst: COUNT,
  globalPerSecond: COUNT,
  newNodesPerMinute: COUNT,
  maxNodes: COUNT,
});

/** The recorded statistics of a time span. */
export const HISTORY = object(
  {
    period: PERIOD,
    from: TIME,
    to: TIME,
    stepMs: { type: 'integer', minimum: 1, description: 'The answer has the first row of each step' },
    at: array(TIME, { description: 'When each row was recorded, oldest first' }),
    series: object(
      Object.fromEntries(
        HISTORY_SERIES.map((name): [string, Schema] => [
          name,
          array(RATES.has(name) ? PERCENT : LATER_SERIES.has(name) ? COUNT_OR_NULL : COUNT, {
            description: 'As long as `at`',
          }),
        ]),
      ),
    ),
    bar: array(COUNT_OR_NULL, {
      description: 'Counts of the label in `bar`, as long as `at`; only if asked for',
    }),
    gaps: array(object({ from: TIME, to: TIME }), {
      description:
        'Pairs of neighbours in `at` between which rows are missing, judged by the interval of recording',
    }),
  },
  ['bar'],
);

/** The share of tasks that only one node reported. */
export const REPORTING = object({
  tasks: {
    ...COUNT,
    description: 'The newest tasks, at most `sampledMax`, without those of the last minute',
  },
  single: { ...COUNT, description: 'Of these, reported by one node only' },
  share: SHARE_OR_NULL,
  sampledMax: COUNT,
});

/** The members of the live numbers, which the feed's document shares. */
export const HEALTH_MEMBERS: Readonly<Record<string, Schema>> = {
  at: TIME,
  status: READINESS,
  mode: { enum: ['jetstream', 'core', null] },
  catchingUp: FLAG,
  brokerConnected: FLAG,
  reasons: REASONS,
  aggregatorId: TEXT,
  version: TEXT,
  startedAt: TIME,
  publishIntervalMs: COUNT,
  staleAfterMs: { ...COUNT, description: 'Observed silence after which a node is stale' },
  lastTickAt: TIME_OR_NULL,
  lastHeardAt: {
    ...TIME_OR_NULL,
    description: 'When a message of a node was last stored; null if none since the start',
  },
  nodes: counters(['online', 'stale', 'offline', 'active', 'total']),
  ingest: object({
    lagMs: { type: 'number' },
    pending: COUNT,
    backlogBytes: COUNT,
    clockOffsetMs: {
      type: ['number', 'null'],
      description:
        "The broker's clock minus the aggregator's; null before a message was read live, and on plain NATS",
    },
    reconnects: COUNT,
    databaseSizeBytes: COUNT,
  }),
  messages: object({
    received: COUNT,
    inFlight: COUNT,
    lost: COUNT,
    outcomes: counters(OUTCOMES),
    rejected: counters(REJECT_REASONS),
    conserved: { ...FLAG, description: 'received = inFlight + the sum of the outcomes' },
  }),
  missing: array(
    object({
      outcome: oneOf(MISSING_OUTCOMES),
      messages: COUNT,
      firstFoundAt: TIME,
      lastFoundAt: TIME,
      meaning: TEXT,
    }),
    { description: 'Messages missing from the numbers that no operator has acknowledged, over restarts' },
  ),
  drift: {
    ...COUNT,
    description: 'Counts that the last audit found to differ from the stored rows; 0 before the first audit',
  },
  monitorUrl: {
    ...TEXT_OR_NULL,
    description: 'The WebSocket address of the embedded broker for monitors; null without an embedded broker',
  },
  cluster: {
    ...object({
      name: TEXT,
      partition: COUNT,
      replica: TEXT,
      isActive: FLAG,
      isPublisher: FLAG,
      replicas: array(
        object({
          replica: TEXT,
          version: TEXT,
          isSelf: FLAG,
          isActive: FLAG,
          isPublisher: FLAG,
          isReady: FLAG,
          heardAgoMs: COUNT,
          logSeq: COUNT,
          progress: COUNT,
          holes: COUNT,
        }),
      ),
      shards: array(
        object({
          stream: TEXT,
          splitter: TEXT_OR_NULL,
          upto: COUNT,
          lagMs: { type: 'number' },
          isAway: FLAG,
        }),
      ),
      brokers: array(
        object({ name: TEXT, version: TEXT_OR_NULL, isConnected: FLAG, isAway: FLAG, leads: array(TEXT) }),
      ),
    }),
    type: ['object', 'null'],
    description: 'The cluster of this process (docs/cluster.md); null for a process on its own',
  },
};
/** The live numbers. */
export const HEALTH = object(HEALTH_MEMBERS);

const TICK: Schema = {
  ...object(Object.fromEntries(PERIODS.map((period) => [period, NETWORK_STATS]))),
  type: ['object', 'null'],
};

/** The document of the feed, as a `snapshot` event carries it. */
export const FEED_DOCUMENT = object({ ...HEALTH_MEMBERS, statistics: TICK });

const PUBLIC = Object.fromEntries(
  (['at', ...PUBLIC_MEMBERS] as const).map((name): [string, Schema] => [name, HEALTH_MEMBERS[name] ?? {}]),
);
/** The live numbers of the public page. */
export const PUBLIC_STATE = object(PUBLIC);
/** The document of the public page's feed. */
export const PUBLIC_FEED_DOCUMENT = object({ ...PUBLIC, statistics: TICK });

/** The body of a refusal. */
export const ERROR = errorSchema(PARAMETER_CODES);

/** The body of `/readyz`. */
export const READYZ = readyzSchema(
  {
    database: COMPONENT,
    broker: COMPONENT,
    ingest: COMPONENT,
    workers: COMPONENT,
    tick: COMPONENT,
    messages: COMPONENT,
    process: COMPONENT,
    cluster: COMPONENT,
    notifications: COMPONENT,
  },
  { mode: { enum: ['jetstream', 'core', null] }, catchingUp: FLAG },
  ['cluster', 'notifications'],
);

/** The receivers of notifications. */
export const NOTIFICATIONS = object({
  receivers: array(
    object({
      name: TEXT,
      form: oneOf(FORM_NAMES),
      sent: COUNT,
      failed: { ...COUNT, description: 'Attempts that failed' },
      dropped: COUNT,
      waiting: COUNT,
      problem: { ...TEXT_OR_NULL, description: 'Why it takes nothing at present; never with its address' },
      lastSentAt: TIME_OR_NULL,
    }),
  ),
});
