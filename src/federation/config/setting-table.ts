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
  streamNames,
  wholeNumber,
  wholeNumberOrZero,
} from '../../config/kinds.ts';
import { LOG_FORMAT, LOG_LEVEL } from '../../config/log-settings.ts';
import { natsUrls } from '../../config/nats-urls.ts';
import { quantity, quantityOrZero } from '../../config/quantities.ts';
import { frameOrigins } from '../../config/origins.ts';
import { DAY_MS } from '../../lib/durations.ts';

const YEAR_MS = 366 * DAY_MS;

const milliseconds = quantity('milliseconds', 100, YEAR_MS);
const limit = wholeNumberOrZero('off', 1, 1_000_000_000);
const port = wholeNumber(1, 65_535);

/** All settings by name, in the order of the documentation. */
export const DEFINITIONS = {
  NATS_URL: optional(natsUrls, 'unset', 'The broker to use. If unset, `EMBEDDED_NATS` decides.'),
  NATS_USER: optional(
    anyText,
    '`aggregator` when a password is set, else unset',
    'User name at the broker of `NATS_URL`, or at one found at its default address.',
  ),
  NATS_PASSWORD: secret(anyText, 'unset', 'Password of `NATS_USER`.'),
  NATS_AGGREGATOR_PASSWORD: secret(
    anyText,
    'unset',
    'Another name of `NATS_PASSWORD`. The shipped broker configuration uses it.',
  ),
  NATS_TOKEN: secret(anyText, 'unset', 'Token for the broker, instead of user and password.'),
  NATS_CREDS: secret(filePath, 'unset', 'A `.creds` file for the broker, instead of user and password.'),
  NATS_CA: optional(
    filePath,
    "the system's authorities",
    'PEM file of the authorities that sign the broker.',
  ),
  NATS_CERT: optional(
    filePath,
    'unset',
    "PEM file of the aggregator's client certificate; needs `NATS_KEY`.",
  ),
  NATS_KEY: secret(filePath, 'unset', 'PEM file of the key of `NATS_CERT`.'),

  EMBEDDED_NATS: setting(
    oneOf('auto', 'on', 'off'),
    'auto',
    'Without `NATS_URL`: `auto` uses a NATS server at localhost:4222 if there is one, else starts the ' +
      'embedded broker; `on` always starts the embedded broker; `off` uses nats://localhost:4222.',
  ),
  EMBEDDED_NATS_HOST: setting(hostName, '127.0.0.1', 'Address on which the embedded broker listens.'),
  EMBEDDED_NATS_PORT: setting(port, 4222, 'Port of the embedded broker.'),
  EMBEDDED_NATS_WS_PORT: setting(
    wholeNumberOrZero('no WebSocket', 1, 65_535),
    9086,
    'WebSocket port of the embedded broker. With 0 the broker has no WebSocket port.',
  ),
  EMBEDDED_NATS_DIR: optional(
    filePath,
    'beside the database, its name with `-nats` instead of `.db`',
    'Folder of the embedded broker: configuration, passwords, stream.',
  ),
  EMBEDDED_NATS_TLS_CERT: optional(
    filePath,
    'unset',
    'PEM file of the certificate for the WebSocket port of the embedded broker; needs ' +
      '`EMBEDDED_NATS_TLS_KEY`.',
  ),
  EMBEDDED_NATS_TLS_KEY: secret(filePath, 'unset', 'PEM file of the key of `EMBEDDED_NATS_TLS_CERT`.'),
  NATS_MONITOR_PASSWORD: secret(
    anyText,
    'unset: monitors need none',
    'Password of the user `monitor` at the embedded broker. Anonymous clients have the same rights ' +
      'without a password.',
  ),
  NATS_SERVER_BIN: optional(
    filePath,
    'the newest in `PATH`, /usr/sbin, /usr/local/bin and the cache of the project',
    'The nats-server program to start as the embedded broker.',
  ),

  AGGREGATOR_ID: optional(
    matching(/^[A-Za-z0-9._:-]{1,64}$/, '1 to 64 letters, digits, and any of . _ : -'),
    'generated once and kept in the database',
    'Name of this aggregator in every message that it publishes.',
  ),
  DB_PATH: setting(
    databaseFile,
    'data/aggregator.db',
    'The database file. The program makes a missing folder. It follows symbolic links: the files beside ' +
      "the database and the broker's folder are beside the real file.",
  ),
  PUBLISH_INTERVAL: setting(
    quantity('milliseconds', 100, DAY_MS),
    30_000,
    'Milliseconds between two publications of the statistics.',
  ),
  PUBLISH: onOff(
    onOrOff,
    true,
    '`off` counts everything and publishes nothing. Use it for a second aggregator on one broker.',
  ),
  RETENTION_DAYS: setting(
    quantityOrZero('for ever', 'days', 8, 36_500),
    30,
    'Days for which the database keeps tasks, invoices and nodes after they were last seen: at least 8, ' +
      'or 0 for ever. Only the time for which the program runs counts. Totals do not shrink.',
  ),
  STALE_AFTER: setting(milliseconds, 150_000, 'Milliseconds of silence after which a node is stale.'),
  OFFLINE_AFTER: setting(
    milliseconds,
    300_000,
    'Milliseconds of silence after which a node is offline; above `STALE_AFTER`.',
  ),
  FORGET_AFTER: setting(
    milliseconds,
    DAY_MS,
    'Milliseconds of silence after which a node leaves memory, not the database; above `OFFLINE_AFTER`.',
  ),

  INGEST_MODE: setting(
    oneOf('auto', 'jetstream', 'core'),
    'auto',
    '`jetstream` loses no messages at a restart; the program ends if there is no JetStream. `core` is ' +
      'plain NATS. `auto` uses JetStream if it can, else plain NATS.',
  ),
  STREAM_MAX_AGE: setting(
    quantity('milliseconds', 1_000, 10 * YEAR_MS),
    3 * DAY_MS,
    'Milliseconds for which the stream `TRUEBIT_INGEST` keeps messages; less than `RETENTION_DAYS`.',
  ),
  STREAM_MAX_BYTES: setting(
    quantity('bytes', 65_536, Number.MAX_SAFE_INTEGER),
    2_147_483_648,
    'Bytes that the stream `TRUEBIT_INGEST` keeps before it drops the oldest messages.',
  ),

  CLUSTER: optional(
    matching(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 letters, digits, and any of . _ -'),
    'unset: one process on its own',
    'Name of the cluster to which this process belongs; see docs/cluster.md. Needs `NATS_URL`.',
  ),
  PARTITIONS: setting(
    wholeNumber(1, 1),
    1,
    'Number of partitions of the cluster, fixed when the cluster is made. This version has one.',
  ),
  PARTITION: setting(wholeNumber(0, 0), 0, 'The partition of this process, counted from 0.'),
  REPLICA: optional(
    matching(/^[A-Za-z0-9_-]{1,32}$/, '1 to 32 letters, digits, _ and -'),
    "the machine's name",
    'Name of this process among the replicas of its partition; each has another.',
  ),
  INPUT_STREAMS: optional(
    streamNames,
    'every stream `TRUEBIT_INGEST_…`',
    'Names of the streams that the splitters read, separated by commas.',
  ),
  LOG_MAX_AGE: setting(
    quantity('milliseconds', 60_000, YEAR_MS),
    DAY_MS,
    "Milliseconds for which a partition's log keeps rounds: a replica that was away for longer must be seeded.",
  ),
  SPLIT: setting(
    oneOf('auto', 'only', 'off'),
    'auto',
    'In a cluster: `auto` splits input streams while no other process does; `only` does nothing else, and needs no ' +
      'database; `off` leaves it to others.',
  ),
  CLUSTER_UNSAFE_BROKER: onOff(
    onOrOff,
    false,
    '`on` runs a cluster on a nats-server that is too old for it, for trials: it may lose messages that it confirmed.',
  ),

  HTTP_HOST: setting(hostName, '127.0.0.1', 'Address on which HTTP listens; 0.0.0.0 is every IPv4 address.'),
  HTTP_PORT: setting(wholeNumberOrZero('any free port', 1, 65_535), 8080, 'Port of HTTP; 0 is any free one.'),
  EMBED_ORIGINS: optional(
    frameOrigins,
    'unset: no other site',
    'Sites that may show the dashboard in a frame: origins such as `https://www.example.com`, separated by commas.',
  ),

  RATE_LIMIT_PER_MINUTE: setting(
    limit,
    60,
    'Messages a minute that one node may send over a longer time; 0 turns the limit off.',
  ),
  RATE_LIMIT_BURST: setting(
    limit,
    120,
    'Messages that one node may send at once; at least 1 while `RATE_LIMIT_PER_MINUTE` is on.',
  ),
  RATE_LIMIT_GLOBAL_PER_SECOND: setting(
    limit,
    0,
    'Messages a second that all nodes together may send; 0 is no limit.',
  ),
  NEW_NODES_PER_MINUTE: setting(
    limit,
    6_000,
    'New node ids that the aggregator admits in a minute; 0 is no limit.',
  ),
  MAX_NODES: setting(
    wholeNumberOrZero('off', 1, 10_000_000),
    200_000,
    'Nodes that the database keeps; 0 is no limit. When it is full, a new node replaces the offline node ' +
      'that was silent longest. If none is offline, messages of new ids count as `rate_limited`.',
  ),

  AUTH_MODE: setting(
    oneOf('open', 'required'),
    'open',
    'With `required` only messages signed with an API key count; see API keys in docs/operations.md.',
  ),
  API_AUTH: setting(
    oneOf('open', 'required'),
    'open',
    'With `required`, addresses under `/api/` and `/badge/` need an API key with the permission `subscribe`.',
  ),
  FEDERATION_SALT: secret(
    hex64,
    'made once and kept in the database',
    'The salt (64 hex digits) with which joining nodes hash their ids; see Joining in docs/operations.md.',
  ),
  NOTIFY_FILE: optional(
    filePath,
    'unset: no notification is sent',
    'YAML file that names the receivers of notifications; see docs/notifications.md.',
  ),
  PRIVACY_MIN_CELL: setting(
    wholeNumber(1, 1_000_000, 'nodes'),
    3,
    'Minimum of active nodes in a published continent or location; 1 publishes all.',
  ),
  WORKERS: optional(
    wholeNumber(1, 64),
    'half the processors, at least 1 and at most 4',
    'Threads that answer queries.',
  ),
  LOG_LEVEL,
  LOG_FORMAT,
} as const;

/** The name of a setting. */
export type SettingName = keyof typeof DEFINITIONS;

/** The parsed values by name; null for an unset setting without a fixed default. */
export type SettingValues = ValuesOf<typeof DEFINITIONS>;

/** One row of the settings table. */
export type SettingRow = Row<SettingName>;

/** Every setting, in the order of the documentation; a test compares README's table with it. */
export const SETTINGS: readonly SettingRow[] = rowsOf(DEFINITIONS);
