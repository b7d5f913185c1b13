// Makes the text of the embedded nats-server's configuration file, for the version that will read it. Pure: it reads
// and writes no file. The caller passes the subjects and the rights to them.

import { isAtLeast, type Version } from './version.ts';

/** The user name for anonymous connections. */
export const MONITOR_USER = 'monitor';
/** The user name of the program itself. */
export const AGGREGATOR_USER = 'aggregator';
/**
 * Prefix of the program's inboxes. It differs from `_INBOX`, because JetStream delivers to inboxes and every monitor
 * may read `_INBOX.>`.
 */
export const AGGREGATOR_INBOX_PREFIX = '_AGG';

const PAYLOAD_BYTES_MAX = 1_048_576;
const BROKER_CONNECTIONS_MAX = 65_536;
// Maximum number of subscriptions per client. A monitor needs a handful, and the broker writes one copy of a message
// for each.
const SUBSCRIPTIONS_MAX = 100;
const AUTHORIZATION_SECONDS_MAX = 30;
const WRITE_DEADLINE = '10s';
// Only the program can make streams here, and each has a limit of its own (STREAM_MAX_BYTES), which this limit must
// exceed. The server's default, a share of the free disk, could be smaller on a small disk.
const FILE_STORE_BYTES_MAX = 1_099_511_627_776;
const MEMORY_STORE_BYTES_MAX = 268_435_456;
// A power cut loses at most the acknowledged messages of this time. The server's default is two minutes.
const SYNC_INTERVAL = '1s';

// A connection belongs to the default account until nats-server has read its CONNECT. At each read from the socket,
// nats-server asks once whether the account of the connection maps subjects. A client may send CONNECT and a message
// in one read. Without a mapping in the default account that message would keep its subject: every monitor would
// receive it, and the program's stream would not store it. So the default account gets a mapping that no client uses.
const EARLY_MAPPING = 'mappings { "_AGG.early.from": "_AGG.early.to" }';

/** First version with JetStream's setting `sync_interval`. */
export const SYNC_INTERVAL_SINCE: Version = [2, 10, 0];
/** First version with the TLS setting `min_version`. */
export const TLS_MIN_VERSION_SINCE: Version = [2, 10, 21];

/** All values in the text. Ports are 1 to 65535; `websocket` null means no listener. */
export interface ConfigurationValues {
  readonly version: Version;
  readonly serverName: string;
  readonly host: string;
  readonly port: number;
  readonly websocket: {
    readonly port: number;
    readonly tls: { readonly cert: string; readonly key: string } | null;
  } | null;
  readonly pidFile: string;
  readonly storeFolder: string;
  readonly aggregatorPassword: string;
  readonly monitorPassword: string;
  readonly systemPassword: string;
}

/** The rights of a program's clients in the program's account. */
export interface BrokerRights {
  readonly account: string;
  /** Subjects that the broker renames when it receives a message: from, to. */
  readonly mappings: readonly (readonly [from: string, to: string])[];
  /** The rights of an anonymous client; the program's own user may do everything. */
  readonly monitor: {
    readonly publish: readonly string[];
    readonly subscribe: readonly string[];
    readonly subscribeNot: readonly string[];
  };
}

/** Quotes a value for the server's parser: double quotes, with backslash escapes for characters that need them. */
export function quoted(value: string): string {
  return `"${Array.from(value, escaped).join('')}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const code = character.charCodeAt(0);
  return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : character;
}

/** Makes the text of the whole file. */
export function configurationText(values: ConfigurationValues, rights: BrokerRights): string {
  return `${[
    '# Made by the aggregator at each start: changes are lost. Settings: EMBEDDED_NATS_*.',
    `server_name: ${quoted(values.serverName)}`,
    `host: ${quoted(values.host)}`,
    `port: ${values.port}`,
    `pid_file: ${quoted(values.pidFile)}`,
    `max_payload: ${PAYLOAD_BYTES_MAX}`,
    `max_connections: ${BROKER_CONNECTIONS_MAX}`,
    `max_subscriptions: ${SUBSCRIPTIONS_MAX}`,
    `write_deadline: ${quoted(WRITE_DEADLINE)}`,
    `authorization { timeout: ${AUTHORIZATION_SECONDS_MAX} }`,
    ...jetStream(values),
    EARLY_MAPPING,
    ...accounts(values, rights),
    ...websocketListener(values),
  ].join('\n')}\n`;
}

function jetStream({ version, storeFolder }: ConfigurationValues): string[] {
  return [
    'jetstream {',
    `  store_dir: ${quoted(storeFolder)}`,
    `  max_memory_store: ${MEMORY_STORE_BYTES_MAX}`,
    `  max_file_store: ${FILE_STORE_BYTES_MAX}`,
    ...(isAtLeast(version, SYNC_INTERVAL_SINCE) ? [`  sync_interval: ${quoted(SYNC_INTERVAL)}`] : []),
    '}',
  ];
}

function accounts(values: ConfigurationValues, { account, mappings, monitor }: BrokerRights): string[] {
  const list = (subjects: readonly string[]) => `[${subjects.map(quoted).join(', ')}]`;
  return [
    'accounts {',
    `  ${account} {`,
    '    jetstream: enabled',
    '    mappings {',
    ...mappings.map(([from, to]) => `      ${quoted(from)}: ${quoted(to)}`),
    '    }',
    '    users: [',
    `      { user: ${quoted(AGGREGATOR_USER)}, password: ${quoted(values.aggregatorPassword)} }`,
    `      { user: ${quoted(MONITOR_USER)}, password: ${quoted(values.monitorPassword)}, permissions: {`,
    `        publish: { allow: ${list(monitor.publish)} }`,
    `        subscribe: { allow: ${list(monitor.subscribe)}, deny: ${list(monitor.subscribeNot)} }`,
    '      } }',
    '    ]',
    '  }',
    `  SYSTEM { users: [ { user: "system", password: ${quoted(values.systemPassword)} } ] }`,
    '}',
    'system_account: "SYSTEM"',
    `no_auth_user: ${quoted(MONITOR_USER)}`,
  ];
}

function websocketListener({ version, host, websocket }: ConfigurationValues): string[] {
  if (websocket === null) return [];
  const { port, tls } = websocket;
  const minVersion = isAtLeast(version, TLS_MIN_VERSION_SINCE) ? ', min_version: "1.2"' : '';
  return [
    'websocket {',
    `  host: ${quoted(host)}`,
    `  port: ${port}`,
    tls === null
      ? '  no_tls: true'
      : `  tls { cert_file: ${quoted(tls.cert)}, key_file: ${quoted(tls.key)}${minVersion} }`,
    '}',
  ];
}
