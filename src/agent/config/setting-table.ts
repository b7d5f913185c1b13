// Every setting of the agent in one table: name, kind, default and meaning (docs/agent.md#settings). Both the reader of
// settings and the documentation use the table; the table itself does not read the environment.

import {
  optional,
  rowsOf,
  secret,
  setting,
  settingAs,
  type SettingRow as Row,
  type ValuesOf,
} from '../../config/definition.ts';
import {
  anyText,
  databaseFile,
  filePath,
  hex64,
  hostName,
  oneOf,
  wholeNumber,
  wholeNumberOrZero,
} from '../../config/kinds.ts';
import { LOG_FORMAT, LOG_LEVEL } from '../../config/log-settings.ts';
import { natsUrls } from '../../config/nats-urls.ts';
import { quantity, quantityOrZero } from '../../config/quantities.ts';
import { webOrigins } from '../../config/origins.ts';
import { DAY_MS } from '../../lib/durations.ts';
import { apiKey, pathPatterns, place, statisticsKey, timeZone } from './kinds.ts';

/** Where a node's container keeps its messages. */
const DEFAULT_EVENTS = '/app/build/datadb/*-eventDB.json';
/** Where a node's container keeps its logs. */
const DEFAULT_LOGS = '/app/logs/@truebit/worker-runner-node-*/debug';

/** All settings by name, in the order of the documentation. */
export const DEFINITIONS = {
  FEDERATION_NATS_URL: settingAs(
    natsUrls,
    'nats://127.0.0.1:4222',
    'The broker of the federation, or several of one cluster.',
  ),
  FEDERATION_NATS_USER: optional(
    anyText,
    'unset',
    'User name at the broker. Without a password the agent does not send it, and connects without a login, as deployed monitors do.',
  ),
  FEDERATION_NATS_PASSWORD: secret(anyText, 'unset', 'Password of `FEDERATION_NATS_USER`.'),
  FEDERATION_NATS_TOKEN: secret(anyText, 'unset', 'Token for the broker, instead of user and password.'),
  FEDERATION_NATS_CREDS: secret(
    filePath,
    'unset',
    'A `.creds` file for the broker, instead of user and password.',
  ),
  FEDERATION_NATS_CA: optional(
    filePath,
    "the system's authorities",
    'PEM file of the authorities that sign the broker.',
  ),
  FEDERATION_NATS_CERT: optional(
    filePath,
    'unset',
    'PEM file of the client certificate; needs `FEDERATION_NATS_KEY`.',
  ),
  FEDERATION_NATS_KEY: secret(filePath, 'unset', 'PEM file of the key of `FEDERATION_NATS_CERT`.'),
  FEDERATION_SALT: secret(
    hex64,
    'asked of the aggregator, and kept',
    'The salt of the id hashes. Every node of a federation must use the same one.',
  ),
  FEDERATION_API_KEY: secret(
    apiKey,
    'unset',
    'The API key with which the agent signs its messages, if the aggregator wants that.',
  ),
  FEDERATION_STATS_KEY: optional(
    statisticsKey,
    'pinned at first sight, from the answer to the request to join',
    'The public key that signs the statistics; it stands at the aggregator under `/.well-known/aggregator/keys`.',
  ),

  NODE_CONTINENT: optional(
    oneOf('AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'),
    'not told',
    'The continent of this node.',
  ),
  NODE_LOCATION: optional(
    place,
    'not told',
    'The place of this node. Only the nearest half degree leaves this machine.',
  ),

  AGENT_EVENTS: settingAs(
    pathPatterns,
    DEFAULT_EVENTS,
    "The node's event files. All matches are read. An empty value means none.",
  ),
  AGENT_LOGS: settingAs(
    pathPatterns,
    DEFAULT_LOGS,
    "The folders with the node's logs; in them `*.log` is read, and what rotation makes of it. An empty value means none.",
  ),
  AGENT_LOG_TZ: setting(timeZone, 'UTC', 'The time zone of the times in the logs.'),
  AGENT_HISTORY: setting(
    oneOf('all', 'none'),
    'all',
    'What happens at the very first start with what the files hold already: `all` reports it, `none` only remembers it.',
  ),
  AGENT_POLL_INTERVAL: setting(
    quantity('milliseconds', 200, DAY_MS),
    1_000,
    'Milliseconds between two looks at the files.',
  ),
  AGENT_RESCAN_INTERVAL: setting(
    quantity('milliseconds', 1_000, 366 * DAY_MS),
    3_600_000,
    'Milliseconds after which a changed event file is read whole again, whatever its beginning and end say.',
  ),
  AGENT_OUTCOME_WAIT: setting(
    quantityOrZero('no wait', 'milliseconds', 1, 3_600_000),
    10_000,
    "Milliseconds that a completion waits for the log's metrics.",
  ),
  AGENT_RATE: optional(
    wholeNumber(1, 1_000_000, 'messages a minute'),
    'what the aggregator allows, else 60',
    'At most this many messages a minute leave.',
  ),
  AGENT_QUEUE_MAX: setting(
    wholeNumber(1, 10_000_000, 'messages'),
    10_000,
    'Messages that may wait to be sent. Beyond it the files are read no further; nothing is lost.',
  ),

  DB_PATH: setting(databaseFile, 'data/agent.db', 'The state file. The program makes a missing folder.'),
  HOST: setting(hostName, '127.0.0.1', 'Address on which HTTP listens; 0.0.0.0 is every IPv4 address.'),
  PORT: setting(
    wholeNumberOrZero('any free port', 1, 65_535),
    8090,
    'Port of HTTP: page, API, WebSocket, metrics.',
  ),
  ALLOWED_ORIGINS: optional(
    webOrigins,
    'only pages of this address',
    'Origins of other web pages that may open the WebSocket.',
  ),
  WS_MAX_CONNECTIONS: setting(wholeNumber(1, 10_000, 'connections'), 100, 'WebSockets at one time.'),
  WS_MAX_PER_IP: setting(wholeNumber(1, 10_000, 'connections'), 5, 'WebSockets of one address at one time.'),
  LOG_LEVEL,
  LOG_FORMAT,
} as const;

/** The name of a setting. */
export type SettingName = keyof typeof DEFINITIONS;

/** The parsed values by name; null for an unset setting without a fixed default. */
export type SettingValues = ValuesOf<typeof DEFINITIONS>;

/** Every setting, in the order of the documentation; a test compares the table of docs/agent.md with it. */
export const SETTINGS: readonly Row<SettingName>[] = rowsOf(DEFINITIONS);
