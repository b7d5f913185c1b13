// Every setting of trades in one table: name, kind, default and meaning (docs/trades.md#settings). Both the reader of
// settings and the documentation use the table; the table itself does not read the environment.

import {
  onOff,
  optional,
  rowsOf,
  setting,
  type SettingRow as Row,
  type ValuesOf,
} from '../../config/definition.ts';
import {
  databaseFile,
  filePath,
  hostName,
  oneOf,
  onOrOff,
  wholeNumber,
  wholeNumberOrZero,
} from '../../config/kinds.ts';
import { LOG_FORMAT, LOG_LEVEL } from '../../config/log-settings.ts';
import { quantity, quantityOrZero } from '../../config/quantities.ts';
import { DAY_MS } from '../../lib/durations.ts';
import { ENCLAVE_SOCKET } from './enclave-socket.ts';
import { backendUrl, clientId, trueOrFalseText } from './kinds.ts';

const port = wholeNumberOrZero('any free port', 1, 65_535);

/** All settings by name, in the order of the documentation. */
export const DEFINITIONS = {
  AGGREGATOR_HOST: optional(
    hostName,
    'that of `HTTP_HOST`',
    'Address on which HTTP and the WebSocket listen; 0.0.0.0 is every IPv4 address.',
  ),
  HTTP_HOST: setting(hostName, '127.0.0.1', 'Another name of `AGGREGATOR_HOST`.'),
  AGGREGATOR_PORT: setting(port, 5000, 'Port of HTTP: jobs API, page, metrics; 0 is any free one.'),
  AGGREGATOR_WS_PORT: setting(port, 5010, 'Port of the WebSocket of jobs; 0 is any free one.'),
  AGGREGATOR_BACKEND_URL: optional(
    backendUrl,
    '`http://localhost:3010`',
    'The ingestion API: summaries are posted to this address with `/api/ingest` at its end.',
  ),
  AGGREGATOR_BACKEND_TOKEN_FILE: optional(
    filePath,
    'unset',
    'A file with a token, which is sent to the ingestion API as `Authorization: Bearer`.',
  ),
  AGGREGATOR_PRIVATE_KEY: optional(
    filePath,
    '`./ed25519_private.key`',
    'PEM file (PKCS#8) of the Ed25519 key that signs the summaries of jobs. `aggregator keygen` makes one.',
  ),
  AGGREGATOR_CLIENT_ID: setting(clientId, 'test-client-1', 'The `client_id` of a job that names none.'),
  INGEST_CANONICAL: setting(
    oneOf('rfc8785', 'plain'),
    'rfc8785',
    '`plain` writes numbers below 0.000001 without an exponent, for backends that recompute the text that way.',
  ),
  INGEST_METADATA: onOff(
    onOrOff,
    true,
    '`off` leaves `metadata` out, for backends that refuse members that they do not know.',
  ),
  RETURN_BASIS: setting(
    oneOf('realized_fifo', 'price_move'),
    'realized_fifo',
    'What `return_pct` says: the realised profit, or how far prices moved.',
  ),
  JOB_TOKENS: setting(
    oneOf('off', 'required'),
    'off',
    '`required` gives each job a token, which its client must send.',
  ),
  JOB_TTL_MS: setting(
    quantity('milliseconds', 1_000, DAY_MS),
    600_000,
    'Milliseconds from the creation of a job to its end; a sealed summary is still delivered.',
  ),
  JOB_MAX_TRADES: setting(wholeNumber(1, 100_000_000, 'trades'), 100_000, 'Trades that one job takes.'),
  MAX_JOBS: setting(
    wholeNumber(1, 100_000, 'jobs'),
    1_000,
    'Jobs at one time. An expired one counts until its summary is stored and no call waits for it.',
  ),
  JOBS_MEMORY_MAX_MIB: setting(
    quantity('MiB', 1, 1_048_576),
    512,
    'Memory that the trades of all jobs together may take until they are processed.',
  ),
  ALLOW_PLAINTEXT_REGISTRATION: {
    ...onOff(
      trueOrFalseText,
      false,
      '`true` lets exchange keys be registered at `POST /users` unencrypted, which is discouraged.',
    ),
    default: 'false',
  },
  ENCLAVE: setting(
    oneOf('start', 'join', 'off'),
    'start',
    'Exchange accounts: `start` starts the enclave as a process beside the service, `join` uses one that is started otherwise, `off` has none. The settings of the enclave are in docs/enclave.md.',
  ),
  ENCLAVE_SOCKET,
  DB_PATH: setting(databaseFile, 'data/trades.db', 'The database file. The program makes a missing folder.'),
  OUTBOX_MAX_MIB: setting(
    quantity('MiB', 1, 1_048_576),
    1_024,
    'Size of the summaries that wait for the ingestion API, dead letters included; beyond it no job is processed.',
  ),
  RETENTION_DAYS: setting(
    quantityOrZero('for ever', 'days', 1, 36_500),
    30,
    'Days for which delivered summaries and their buckets are kept. Waiting summaries and dead letters stay.',
  ),
  LOG_LEVEL,
  LOG_FORMAT,
} as const;

/** The name of a setting. */
export type SettingName = keyof typeof DEFINITIONS;

/** The parsed values by name; null for an unset setting without a fixed default. */
export type SettingValues = ValuesOf<typeof DEFINITIONS>;

/** Every setting, in the order of the documentation; a test compares the table of docs/trades.md with it. */
export const SETTINGS: readonly Row<SettingName>[] = rowsOf(DEFINITIONS);
