// The table of every key of `aggregator_config.yaml`: kind, default, meaning. The rules between keys are in `arrange.ts`.

import { addressOrNetwork, hostAndPort, httpAddress } from '../../config/address-kinds.ts';
import {
  optional,
  rowsOf,
  secret,
  setting,
  settingAs,
  type SettingRow,
  truth,
  under,
} from '../../config/definition.ts';
import {
  anyText,
  databaseFile,
  filePath,
  hostName,
  type Kind,
  matching,
  oneOf,
  wholeNumber,
} from '../../config/kinds.ts';
import { quantity, quantityOrZero } from '../../config/quantities.ts';
import type { LogLevel } from '../../io/log.ts';
import { receiverKeys } from '../../notify/receiver-keys.ts';
import { ALARM_TYPES } from '../domain/alarm.ts';

const YEAR_SECS = 31_536_000;

const upstreamName = matching(
  /^[^\p{C}\p{Z}]([^\p{C}]{0,62}[^\p{C}\p{Z}])?$/u,
  '1 to 64 printable characters',
);
const userName = matching(/^[^\p{C}:]{1,255}$/u, '1 to 255 characters without a colon');
const port = wholeNumber(1, 65_535);
const seconds = quantity('seconds', 1, YEAR_SECS);
const mode = oneOf('pool', 'wallet');

const transport: Kind<'http' | 'https'> = {
  ...oneOf('http', 'https'),
  explain: (text) =>
    text.toLowerCase() === 'ipc'
      ? 'the transport ipc of rc.5 and rc.6 is not supported: write http, with rpc_host and rpc_port of the node'
      : undefined,
};

const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
};

/** A level of the log; there is nothing below `debug`, so `trace` is `debug`. */
export const logLevel: Kind<LogLevel> = {
  allowed: '`error`, `warn`, `info`, `debug` or `trace` (which is `debug`)',
  parse: (text) => LEVELS[text.toLowerCase()],
};

/** The keys of every upstream, the first one and the fallbacks; the texts of `one` say which one it is. */
function upstreamKeys() {
  return {
    name: optional(
      upstreamName,
      'must be given',
      'Name of the upstream in pages, log and metrics; no two have the same.',
    ),
    url: optional(
      httpAddress,
      'made of the rpc_ keys',
      'Address of the pool or wallet, with path and query. Credentials before an @ are sent as Basic.',
    ),
    rpc_transport: setting(transport, 'http', 'With `rpc_host`: how to connect.'),
    rpc_host: optional(hostName, 'unset', 'Host of the pool or wallet, instead of `url`.'),
    rpc_port: optional(port, 'must be given with `rpc_host`', 'Port of the pool or wallet.'),
    'rpc_auth.type': setting(
      oneOf('none', 'user_pass', 'cookie'),
      'none',
      'How to log in: not, with `username` and `password`, or with the file `cookie_path`.',
    ),
    'rpc_auth.username': optional(userName, 'unset', 'User name, with `user_pass`.'),
    'rpc_auth.password': secret<string>(anyText, 'unset', 'Password, with `user_pass`.'),
    'rpc_auth.cookie_path': optional(filePath, 'unset', "The node's file `.cookie`, with `cookie`."),
    auth_token: secret<string>(
      matching(/^[^\p{C}\p{Z}]+$/u, 'text without spaces'),
      'unset',
      'Token that is sent as Bearer, instead of `rpc_auth`.',
    ),
    submission_mode: setting(
      mode,
      'pool',
      '`pool` forwards the best of every account, `wallet` the best of all accounts.',
    ),
    block_time_secs: setting(seconds, 120, 'Seconds from block to block; the same for all upstreams.'),
  } as const;
}

const order = oneOf('order', 'newest');

/** Every key, in the order of the documentation. */
export const KEYS = {
  listen_address: settingAs(hostAndPort, '0.0.0.0:8080', 'Where miners connect.'),
  block_time_secs: setting(seconds, 120, 'Seconds from block to block: 120 for PoCX.'),
  verify: setting(
    oneOf('best', 'all', 'off'),
    'best',
    'Which proofs are checked: those that would be forwarded, all, or none.',
  ),
  choose: setting(order, 'order', 'Another form of `upstream.choose`.'),
  'server.listen_address': settingAs(hostAndPort, '0.0.0.0:8080', 'Another form of `listen_address`.'),
  'server.auth.enabled': truth(false, 'Whether miners must log in (Basic).'),
  'server.auth.basic_auth.username': optional(userName, 'unset', 'User name that miners send.'),
  'server.auth.basic_auth.password': secret<string>(anyText, 'unset', 'Password that miners send.'),
  'server.tls.cert': optional(
    filePath,
    'unset',
    'PEM file of a certificate: miners then connect with https.',
  ),
  'server.tls.key': optional(filePath, 'unset', 'PEM file of its key.'),
  'server.trusted_proxies[]': optional(
    addressOrNetwork,
    'none',
    'Reverse proxies whose `X-Forwarded-For` names the miner.',
  ),
  ...under('upstream.', upstreamKeys()),
  'upstream.choose': setting(
    order,
    'order',
    'With fallbacks: `order` uses the first healthy upstream, `newest` the one with the greatest height.',
  ),
  ...under('upstream.fallbacks[].', upstreamKeys()),
  'cache.mining_info_ttl_secs': setting(
    seconds,
    5,
    'Seconds for which mining information is served without asking the upstream again.',
  ),
  'cache.pool_timeout_secs': setting(
    quantity('seconds', 1, 3_600),
    30,
    'Seconds that a whole request to an upstream may take.',
  ),
  'database.path': setting(databaseFile, 'aggregator.db', 'The database file.'),
  'database.retention_days': setting(
    quantityOrZero('for ever', 'days', 1, 36_500),
    7,
    'Days for which submissions are kept.',
  ),
  'dashboard.enabled': truth(
    true,
    'Whether there is a dashboard. Without the block `dashboard` there is none.',
  ),
  'dashboard.listen_address': settingAs(hostAndPort, '0.0.0.0:8081', 'Where people and Prometheus connect.'),
  'logging.level': setting(
    logLevel,
    'info',
    'The lowest level that is logged; `LOG_LEVEL` and `RUST_LOG` override it.',
  ),
  'logging.file': setting(
    filePath,
    'aggregator.log',
    'File of the log, beside standard output; `null` for none.',
  ),
  'logging.max_size_mib': setting(quantity('MiB', 1, 10_240), 20, 'Size at which the log file is rotated.'),
  'logging.max_files': setting(
    wholeNumber(1, 100),
    10,
    'Log files that are kept, the current one included; with 1 the file is emptied.',
  ),
  'alarms.webhook': secret<string>(
    { ...httpAddress, parse: (text) => (httpAddress.parse(text) === undefined ? undefined : text) },
    'unset',
    'Address to which each alarm is posted as JSON: the short form of a receiver.',
  ),
  ...under(
    'alarms.receivers[].',
    receiverKeys({ events: ALARM_TYPES, noun: 'upstreams', eventsUnset: 'all', nodesUnset: 'all' }),
  ),
} as const;

/** The name of a key, with `[]` for every element of a list. */
export type KeyName = keyof typeof KEYS;

/** Every key, in the order of the documentation; a test compares the table in docs/mining.md with it. */
export const KEY_ROWS: readonly SettingRow<KeyName>[] = rowsOf(KEYS);
