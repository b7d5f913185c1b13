// The JSON Schemas (2020-12) of the API's answers, from which `/api/openapi.json` is made. They are closed: an answer
// has no other member. Words come from the domain.

import { query, word } from '../../http/parameter.ts';
import {
  array,
  COMPONENT,
  COUNT,
  COUNT_OR_NULL,
  counters,
  errorSchema,
  FLAG,
  NUMBER,
  object,
  oneOf,
  PERCENT,
  READINESS,
  readyzSchema,
  REASONS,
  type Schema,
  SHARE_OR_NULL,
  TEXT,
  TEXT_OR_NULL,
  TIME,
  TIME_OR_NULL,
} from '../../http/schema.ts';
import { UPGRADE_ERRORS } from '../../http/upgrade-route.ts';
import { FACT_TYPES, PRESENCE_TYPES } from '../domain/messages.ts';
import {
  COUNT_NAMES,
  DISTRIBUTION_NAMES,
  NODE_COUNT_NAMES,
  SHORT_PERIODS,
  STATISTICS_OUTCOMES,
} from '../domain/network-statistics.ts';
import { SOURCE_KINDS } from '../domain/source-facts.ts';

/** Error codes of this program's refusals, in addition to those of every program; `docs/errors.md` lists them. */
export const AGENT_ERRORS = { ...UPGRADE_ERRORS, unknown_period: 400 } as const;

/** The body of a refusal. */
export const ERROR = errorSchema(Object.keys(AGENT_ERRORS), 'flat');

/** The query string of the statistics. */
export const PERIOD_QUERY = query({
  period: {
    ...word([...SHORT_PERIODS, 'all'], 'unknown_period'),
    default: 'all',
    description: 'The period of the statistics: the last hour, day or week, or all time',
  },
} as const);

const all = (names: readonly string[], schema: Schema) =>
  Object.fromEntries(names.map((name): [string, Schema] => [name, schema]));

const DISTRIBUTION: Schema = { type: 'object', additionalProperties: COUNT, description: 'Label to count' };

/** The latest statistics of the network. */
export const NETWORK_STATS = object({
  ...all(COUNT_NAMES, COUNT),
  successRate: PERCENT,
  cacheHitRate: PERCENT,
  ...all(DISTRIBUTION_NAMES, DISTRIBUTION),
  ...all(NODE_COUNT_NAMES, { ...COUNT_OR_NULL, description: 'Null: an earlier aggregator does not tell' }),
  lastUpdated: { ...TIME_OR_NULL, description: 'When they arrived here; null before the first' },
  status: oneOf(['awaiting_data', 'connected']),
  timestamp: { ...TIME_OR_NULL, description: 'When they were published; null before the first' },
  aggregatorId: TEXT,
  signature: oneOf(['valid', 'none'], 'none: no key is known, so nothing was checked'),
  isStale: { ...FLAG, description: 'Published more than 90 s ago' },
});

const SOURCES = array(
  object({
    source: oneOf(SOURCE_KINDS),
    wanted: { ...FLAG, description: 'False: its setting is empty' },
    readable: FLAG,
    looksFor: array(TEXT, { description: 'The last part of each glob' }),
    bytesBehind: COUNT,
    problems: { type: 'object', additionalProperties: COUNT },
    files: array(
      object({
        name: { ...TEXT, description: 'Without its folder' },
        state: oneOf(['read', 'reading', 'incomplete', 'damaged', 'unreadable']),
        bytes: COUNT,
        bytesBehind: COUNT,
        offset: { ...COUNT_OR_NULL, description: 'Where reading stopped in a damaged file' },
      }),
    ),
  }),
);

/** How the node takes part in the federation. */
export const STATUS = object({
  enabled: FLAG,
  connected: FLAG,
  healthy: FLAG,
  status: oneOf(['connected', 'disconnected']),
  stats: object({
    ...all(['messagesSent', 'messagesReceived', 'errors', 'reconnections', 'subscriptions'], COUNT),
    circuitOpen: FLAG,
  }),
  nodeId: TEXT,
  queued: { ...COUNT, description: 'Messages that wait to be sent' },
  sources: SOURCES,
  joined: FLAG,
});

/** The own node. */
export const NODE = object({
  at: TIME,
  status: READINESS,
  reasons: REASONS,
  nodeId: TEXT,
  state: oneOf(['online', 'offline'], 'online: a source can be read'),
  enabled: { ...FLAG, description: 'False: the node has opted out, and sends nothing' },
  sharesTasks: { ...FLAG, description: 'False: only presence is sent' },
  demonstration: FLAG,
  periods: array(oneOf(SHORT_PERIODS), { description: 'Shorter periods whose statistics are known' }),
  version: TEXT,
  startedAt: TIME,
  lastHeartbeatAt: { ...TIME_OR_NULL, description: 'When the broker last confirmed a heartbeat' },
  heartbeatIntervalMs: COUNT,
  counts: counters(['active', 'total', 'received', 'completed', 'failed', 'invoices']),
  share: object({ tasks: SHARE_OR_NULL, invoices: SHARE_OR_NULL }),
  waiting: counters(['messages', 'limit', 'completions']),
  facts: counters(['known', 'remembered', 'queued']),
  messages: object(
    all([...FACT_TYPES, ...PRESENCE_TYPES], counters(['confirmed', 'unconfirmed', 'set_aside', 'forbidden'])),
  ),
  unread: array(object({ source: oneOf(SOURCE_KINDS), reason: TEXT, count: COUNT })),
  sources: SOURCES,
  broker: object({
    connected: FLAG,
    reason: TEXT_OR_NULL,
    breaker: oneOf(['closed', 'open', 'trying']),
    reconnections: COUNT,
    forbidden: array(oneOf([...FACT_TYPES, ...PRESENCE_TYPES])),
    ratePerMinute: NUMBER,
  }),
  join: object({
    joined: FLAG,
    problem: TEXT_OR_NULL,
    saltFrom: { enum: ['setting', 'join', 'kept', null] },
  }),
  statistics: object({ received: counters(STATISTICS_OUTCOMES), otherKeyOffered: FLAG }),
  databaseBytes: COUNT,
  logLinesDropped: COUNT,
});

/** `GET /api/health`. */
export const HEALTH = object({ status: oneOf(['ok']), timestamp: TIME });

/** The body of `/readyz`. */
export const READYZ = readyzSchema(
  {
    state: COMPONENT,
    broker: COMPONENT,
    salt: COMPONENT,
    sources: COMPONENT,
    statistics: COMPONENT,
    process: COMPONENT,
  },
  { nodeId: TEXT },
);
