// The schemas of the backend's answers, for the description of its API. Plain data.

import {
  array,
  COMPONENT,
  COUNT,
  COUNT_OR_NULL,
  counters,
  errorSchema,
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
import { FINDING_KINDS } from './chain.ts';
import { INTAKE_OUTCOMES } from './intake.ts';

/** The body of a refusal of a reading route. */
export const ERROR = errorSchema(['bad_page', 'bad_search', 'bad_sort', 'bad_client'], 'flat');

const PERCENT_NUMBER: Schema = { type: 'number', description: 'Percent' };
/** The body of `/readyz`. */
export const READYZ = readyzSchema({ database: COMPONENT, keys: COMPONENT });

/** The document of the live feed. */
export const LIVE = object({
  at: TIME,
  status: READINESS,
  reasons: REASONS,
  version: TEXT,
  startedAt: TIME,
  clients: COUNT,
  summaries: COUNT,
  lastReceivedAt: TIME_OR_NULL,
  outcomes: counters(INTAKE_OUTCOMES),
  keys: COUNT,
});

const PROVENANCE = oneOf(
  ['client_reported', 'polled', 'unstated'],
  'client_reported: the client says so, and no exchange has confirmed it',
);

const CLIENT_MEMBERS = {
  client: COUNT,
  clientId: TEXT,
  provenance: PROVENANCE,
  summaries: COUNT,
  trades: COUNT,
  hours: COUNT,
  totalReturnPct: { ...PERCENT_NUMBER, description: 'Compounded growth of the hourly returns, percent' },
  maximumDrawdownPct: { ...PERCENT_NUMBER, description: 'Of that curve, percent' },
  sums: array(object({ quote: TEXT, volume: NUMBER, fees: NUMBER })),
  corrections: COUNT,
  unnumbered: COUNT,
  found: counters(FINDING_KINDS),
  receivedAt: TIME,
  periodStart: TIME_OR_NULL,
  periodEnd: TIME_OR_NULL,
};

const pageOf = (row: Schema) => object({ rows: array(row), page: COUNT, pages: COUNT, total: COUNT });

/** A page of clients. */
export const CLIENTS = pageOf(object(CLIENT_MEMBERS));

/** One client. */
export const CLIENT = object({
  ...CLIENT_MEMBERS,
  firstReceivedAt: TIME,
  findings: array(
    object({
      kind: oneOf(FINDING_KINDS),
      seq: COUNT_OR_NULL,
      count: COUNT,
      digest: TEXT_OR_NULL,
      from: TIME_OR_NULL,
      to: TIME_OR_NULL,
    }),
  ),
});

/** A page of summaries. */
export const SUMMARIES = pageOf(
  object({
    digest: TEXT,
    seq: COUNT_OR_NULL,
    exchange: TEXT,
    connectorVersion: TEXT,
    keyId: TEXT,
    trades: COUNT,
    revises: TEXT_OR_NULL,
    state: oneOf(['counts', 'replaced', 'unused']),
    notes: array(TEXT),
    periodStart: TIME,
    periodEnd: TIME,
    receivedAt: TIME,
  }),
);

/** A chart. */
export const CHART = object({
  stepMs: COUNT,
  quote: TEXT,
  steps: array(
    object({
      at: TIME,
      growthPct: PERCENT_NUMBER,
      drawdownPct: PERCENT_NUMBER,
      trades: COUNT,
      volume: NUMBER,
    }),
  ),
});
