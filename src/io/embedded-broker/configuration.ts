// The text of our nats-server's configuration file, for the version that will read it. Pure: never reads or writes a
// file. Which subjects there are, and who may use them, is handed in.

import { isAtLeast, type Version } from './version.ts';

/** The user that an anonymous connection becomes. */
export const MONITOR_USER = 'monitor';
/** The program's own user. */
export const AGGREGATOR_USER = 'aggregator';
/** The program's inboxes: every monitor may read `_INBOX.>`, and JetStream delivers to inboxes. */
export const AGGREGATOR_INBOX_PREFIX = '_AGG';

const PAYLOAD_BYTES_MAX = 1_048_576;
const BROKER_CONNECTIONS_MAX = 65_536;
// A monitor has a handful; each is a copy of every message that the broker must write to it.
const SUBSCRIPTIONS_MAX = 100;
const AUTHORIZATION_SECONDS_MAX = 30;
const WRITE_DEADLINE = '10s';
// Only our own streams can be made here, and each has a bound of its own (STREAM_MAX_BYTES): this one must only never
// be the smaller. The server's default, a share of the free disk, would be on a small one.
const FILE_STORE_BYTES_MAX = 1_099_511_627_776;
const MEMORY_STORE_BYTES_MAX = 268_435_456;
// Two minutes by default; what an acknowledged message may lose in a power cut.
const SYNC_INTERVAL = '1s';

// A connection belongs to the default account until its CONNECT is read, and nats-server asks that account, once per read
// from the socket, whether anything is mapped. Were nothing mapped there, what a client sends in the same breath as its
// CONNECT would keep its name: every monitor would hear it, and no stream of ours would take it.
const EARLY_MAPPING = 'mappings { "_AGG.early.from": "_AGG.early.to" }';

/** Where JetStream's `sync_interval` became a setting. */
export const SYNC_INTERVAL_SINCE: Version = [2, 10, 0];
/** Where TLS `min_version` became a setting. */
export const TLS_MIN_VERSION_SINCE: Version = [2, 10, 21];

/** Everything the text depends on. Ports are numbers of 1 to 65535; `websocket` null means none. */
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

/** What a program's clients may do: the rights of its account. */
export interface BrokerRights {
  readonly account: string;
  /** Subjects that the broker renames as it takes a message: from, to. */
  readonly mappings: readonly (readonly [from: string, to: string])[];
  /** What an anonymous client may do; the program's own user may do everything. */
  readonly monitor: {
    readonly publish: readonly string[];
    readonly subscribe: readonly string[];
    readonly subscribeNot: readonly string[];
  };
}

/** A value as the server's parser reads it back: double quotes, with backslash escapes for what they cannot hold. */
export function quoted(value: string): string {
  return `"${Array.from(value, escaped).join('')}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const code = character.charCodeAt(0);
  return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : character;
}

/** The whole file. */
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
