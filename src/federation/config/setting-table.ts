// Every setting of the federation in one table: name, kind, default and meaning (README.md#settings). Both the reader
// of settings and the documentation use the table; the table itself does not read the environment.

import {
  onOff,
  optional,
  rowsOf,
  secret,
  setting,
  type SettingRow as Row,
  type ValuesOf,
} from '../../config/definition.ts';
import {
  anyText,
  databaseFile,
  filePath,
  hex64,
  hostName,
  matching,
  oneOf,
  onOrOff,
  wholeNumber,
  wholeNumberOrZero,
} from '../../config/kinds.ts';
import { natsUrls } from '../../config/nats-urls.ts';
import { DAY_MS } from '../../lib/durations.ts';

const YEAR_MS = 366 * DAY_MS;

const milliseconds = wholeNumber(100, YEAR_MS, 'milliseconds');
const limit = wholeNumberOrZero('off', 1, 1_000_000_000);
const port = wholeNumber(1, 65_535);

/** All settings by name, in the order of the documentation. */
export const DEFINITIONS = {
  NATS_URL: optional(natsUrls, 'unset', 'The broker to use; unset, `EMBEDDED_NATS` decides.'),
  NATS_USER: optional(
    anyText,
    '`aggregator` when a password is set, else unset',
    'User name at the broker of `NATS_URL`, or at one found at its default address.',
  ),
  NATS_PASSWORD: secret(anyText, 'unset', 'Password of `NATS_USER`.'),
  NATS_AGGREGATOR_PASSWORD: secret(
    anyText,
    'unset',
    'Another name of `NATS_PASSWORD`, the one the shipped broker configuration uses.',
  ),
  NATS_TOKEN: secret(anyText, 'unset', 'Token for the broker, instead of user and password.'),
  NATS_CREDS: secret(filePath, 'unset', 'A `.creds` file for the broker, instead of user and password.'),
  NATS_CA: optional(
    filePath,
    "the system's authorities",
    'PEM file of the authorities that sign the broker.',
  ),
  NATS_CERT: optional(filePath, 'unset', 'PEM file of our client certificate; needs `NATS_KEY`.'),
  NATS_KEY: secret(filePath, 'unset', 'PEM file of the key of `NATS_CERT`.'),

  EMBEDDED_NATS: setting(
    oneOf('auto', 'on', 'off'),
    'auto',
    'Without `NATS_URL`: `auto` uses a NATS server at localhost:4222 or else starts our own, `on` always starts ' +
      'our own, `off` uses nats://localhost:4222.',
  ),
  EMBEDDED_NATS_HOST: setting(hostName, '127.0.0.1', 'Address on which our own broker listens.'),
  EMBEDDED_NATS_PORT: setting(port, 4222, 'Port of our own broker.'),
  EMBEDDED_NATS_WS_PORT: setting(
    wholeNumberOrZero('no WebSocket', 1, 65_535),
    9086,
    'WebSocket port of our own broker.',
  ),
  EMBEDDED_NATS_DIR: optional(
    filePath,
    'beside the database, its name with `-nats` instead of `.db`',
    'Folder of our own broker: configuration, passwords, stream.',
  ),
  EMBEDDED_NATS_TLS_CERT: optional(
    filePath,
    'unset',
    'PEM file of the certificate of our own broker; needs `EMBEDDED_NATS_TLS_KEY`.',
  ),
  EMBEDDED_NATS_TLS_KEY: secret(filePath, 'unset', 'PEM file of the key of `EMBEDDED_NATS_TLS_CERT`.'),
  NATS_MONITOR_PASSWORD: secret(
    anyText,
    'unset: monitors need none',
    'Password of the user `monitor` at our own broker; anonymous clients have the same rights without it.',
  ),
  NATS_SERVER_BIN: optional(
    filePath,
    'searched in `PATH`, /usr/sbin, /usr/local/bin and the cache of the project',
    'The nats-server program to start as our own broker.',
  ),

  AGGREGATOR_ID: optional(
    matching(/^[A-Za-z0-9._:-]{1,64}$/, '1 to 64 letters, digits, and any of . _ : -'),
    'generated once and kept in the database',
    'Name of this aggregator in everything it publishes.',
  ),
  DB_PATH: setting(
    databaseFile,
    'data/aggregator.db',
    'The database file; the folder is made if it is missing.',
  ),
  PUBLISH_INTERVAL: setting(
    wholeNumber(100, DAY_MS, 'milliseconds'),
    30_000,
    'Time between two publications of the statistics.',
  ),
  PUBLISH: onOff(
    onOrOff,
    true,
    'Whether statistics are published; `off` for a second aggregator on one broker.',
  ),
  RETENTION_DAYS: setting(
    wholeNumberOrZero('for ever', 8, 36_500, 'days'),
    30,
    'How long a task, invoice or node is kept after it was last seen; totals do not shrink.',
  ),
  STALE_AFTER: setting(milliseconds, 150_000, 'Silence after which a node is stale.'),
  OFFLINE_AFTER: setting(
    milliseconds,
    300_000,
    'Silence after which a node is offline; above `STALE_AFTER`.',
  ),
  FORGET_AFTER: setting(
    milliseconds,
    DAY_MS,
    'Silence after which a node leaves memory, not the database; above `OFFLINE_AFTER`.',
  ),

  INGEST_MODE: setting(
    oneOf('auto', 'jetstream', 'core'),
    'auto',
    'How messages are read: `jetstream` survives restarts and is fatal where it cannot be, `core` is plain NATS, ' +
      '`auto` prefers the first.',
  ),
  STREAM_MAX_AGE: setting(
    wholeNumber(1_000, 10 * YEAR_MS, 'milliseconds'),
    3 * DAY_MS,
    'How long our stream keeps messages; below `RETENTION_DAYS`.',
  ),
  STREAM_MAX_BYTES: setting(
    wholeNumber(65_536, Number.MAX_SAFE_INTEGER, 'bytes'),
    2_147_483_648,
    'How much our stream keeps before it discards the oldest messages.',
  ),
  HTTP_HOST: setting(hostName, '127.0.0.1', 'Address on which HTTP listens; 0.0.0.0 is every IPv4 address.'),
  HTTP_PORT: setting(wholeNumberOrZero('any free port', 1, 65_535), 8080, 'Port of HTTP.'),

  RATE_LIMIT_PER_MINUTE: setting(limit, 60, 'Messages a minute that one node may send, sustained.'),
  RATE_LIMIT_BURST: setting(
    limit,
    120,
    'Messages that one node may send at once; at least 1 while `RATE_LIMIT_PER_MINUTE` is on.',
  ),
  RATE_LIMIT_GLOBAL_PER_SECOND: setting(limit, 0, 'Messages a second of all nodes together.'),
  NEW_NODES_PER_MINUTE: setting(limit, 6_000, 'Node ids never seen before that may appear in a minute.'),
  MAX_NODES: setting(
    wholeNumberOrZero('off', 1, 10_000_000),
    200_000,
    'Nodes kept at a time; the one silent longest makes room.',
  ),

  AUTH_MODE: setting(
    oneOf('open', 'required'),
    'open',
    'Whether messages must be signed with an API key; deployed monitors sign nothing.',
  ),
  API_AUTH: setting(
    oneOf('open', 'required'),
    'open',
    'Whether the HTTP API needs an API key; never needed for /livez, /readyz and /metrics.',
  ),
  FEDERATION_SALT: secret(
    hex64,
    'made once and kept in the database',
    'The salt with which joining nodes hash their ids.',
  ),
  PRIVACY_MIN_CELL: setting(
    wholeNumber(1, 1_000_000, 'nodes'),
    3,
    'Fewest active nodes that a published continent or location may have; 1 publishes every one.',
  ),
  WORKERS: optional(
    wholeNumber(1, 64),
    'half the processors, at least 1 and at most 4',
    'Threads that answer queries.',
  ),
  LOG_LEVEL: setting(
    oneOf('debug', 'info', 'warn', 'error'),
    'info',
    'The least severe events that are logged.',
  ),
  LOG_FORMAT: optional(
    oneOf('json', 'text'),
    '`text` when standard output is a terminal, else `json`',
    'How log lines look.',
  ),
} as const;

/** The name of a setting. */
export type SettingName = keyof typeof DEFINITIONS;

/** The parsed values by name; null for an unset setting without a fixed default. */
export type SettingValues = ValuesOf<typeof DEFINITIONS>;

/** One row of the settings table. */
export type SettingRow = Row<SettingName>;

/** Every setting, in the order of the documentation; a test compares README's table with it. */
export const SETTINGS: readonly SettingRow[] = rowsOf(DEFINITIONS);
