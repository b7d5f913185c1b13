// The settings of one run: read from the environment, checked together, and then plain data, which is copied to the
// threads. The reader never guesses: it lists all mistakes at once, without secrets.

import { basename, dirname, join } from 'node:path';
import type { Limits } from '../domain/limits.ts';
import { ownPath } from '../../lib/real-path.ts';
import { thisMachine, type Environment, type Machine } from '../../config/environment.ts';
import { brokenRules } from './setting-rules.ts';
import { readSome as readSomeOf, readTable } from '../../config/read-settings.ts';
import { DEFINITIONS, type SettingName, type SettingValues } from './setting-table.ts';

export { SETTINGS, type SettingName, type SettingRow } from './setting-table.ts';

/** The address and login of a broker that the program did not start. */
export interface NatsSettings {
  /** Addresses without credentials; null when `NATS_URL` is unset. */
  readonly urls: readonly string[] | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
  readonly credsFile: string | null;
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** The settings of the embedded broker. */
export interface EmbeddedSettings {
  readonly mode: 'auto' | 'on' | 'off';
  readonly host: string;
  readonly port: number;
  /** 0: the broker has no WebSocket listener. */
  readonly wsPort: number;
  readonly dir: string;
  readonly tlsCertFile: string | null;
  readonly tlsKeyFile: string | null;
  readonly monitorPassword: string | null;
  /** Path of the nats-server program; null: the program searches for it. */
  readonly binary: string | null;
}

/** The place of this process in a cluster (docs/cluster.md). */
export interface ClusterSettings {
  readonly name: string;
  readonly partitions: number;
  readonly partition: number;
  readonly replica: string;
  /** Null: every stream whose name begins with `TRUEBIT_INGEST_`. */
  readonly inputStreams: readonly string[] | null;
  readonly logMaxAgeMs: number;
  readonly split: 'auto' | 'only' | 'off';
  /** True if a nats-server too old for a cluster is accepted. */
  readonly acceptsUnsafeBroker: boolean;
}

/** All settings of README.md#settings, checked. */
export interface Settings {
  readonly nats: NatsSettings;
  readonly embedded: EmbeddedSettings;
  /** Null: the program generates an id once and keeps it in the database. */
  readonly aggregatorId: string | null;
  /** The path with links followed, so that every process that uses this file has the same path. */
  readonly databasePath: string;
  /** `DB_PATH` as written, if it leads to another path. */
  readonly databaseLink?: string;
  readonly publish: { readonly intervalMs: number; readonly enabled: boolean };
  /** 0: rows are kept for ever. */
  readonly retentionDays: number;
  readonly lifecycle: {
    readonly staleAfterMs: number;
    readonly offlineAfterMs: number;
    readonly forgetAfterMs: number;
  };
  readonly ingest: {
    readonly mode: 'auto' | 'jetstream' | 'core';
    readonly streamMaxAgeMs: number;
    readonly streamMaxBytes: number;
  };
  /** Null: one process on its own. */
  readonly cluster: ClusterSettings | null;
  /** Port 0 chooses any free port. */
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** The origins of other sites that may show the dashboard in a frame. */
    readonly embedOrigins: readonly string[];
  };
  readonly limits: Limits;
  readonly authMode: 'open' | 'required';
  readonly apiAuth: 'open' | 'required';
  /** 64 lower-case hex digits; null: the program makes a salt once and keeps it in the database. */
  readonly federationSalt: string | null;
  /** The file of the receivers; null: there are none. */
  readonly notifyFile: string | null;
  readonly privacyMinCell: number;
  readonly workers: number;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'text' };
}

/** Settings of the earlier aggregator that this program does not have. */
const RETIRED = {
  names: ['RATE_LIMIT_PER_NODE', 'GLOBAL_RATE_LIMIT', 'CLEANUP_INTERVAL'],
  advice:
    'a setting of an earlier aggregator, not known here and ignored; ' +
    'see RATE_LIMIT_PER_MINUTE, RATE_LIMIT_GLOBAL_PER_SECOND and RETENTION_DAYS',
};

/** Reads and checks all settings; an empty value counts as unset. Throws `settings_invalid` with all mistakes. */
export function readSettings(
  env: Environment,
  machine: Partial<Machine> = {},
): { readonly settings: Settings; readonly warnings: readonly string[] } {
  const known: Machine = { ...thisMachine(), ...machine };
  const program = {
    table: DEFINITIONS,
    retired: RETIRED,
    brokenRules: (values: SettingValues) => brokenRules(values, known),
  };
  const { values, warnings } = readTable(program, env);
  return { settings: arrange(values, known), warnings };
}

/** True if the program starts a nats-server of its own, at least if it finds no other (`EMBEDDED_NATS=auto`). */
export function wantsOwnBroker({ embedded, nats }: Pick<Settings, 'embedded' | 'nats'>): boolean {
  return nats.urls === null && embedded.mode !== 'off';
}

/**
 * Reads only the named settings and ignores mistakes in others. Throws `settings_invalid` with the mistakes in the
 * named ones.
 */
export function readSome<const N extends SettingName>(
  env: Environment,
  names: readonly N[],
): Pick<SettingValues, N> {
  return readSomeOf(DEFINITIONS, env, names);
}

function arrange(values: SettingValues, machine: Machine): Settings {
  const databasePath = ownPath(values.DB_PATH);
  const url = values.NATS_URL;
  const password = values.NATS_PASSWORD ?? values.NATS_AGGREGATOR_PASSWORD ?? url?.password ?? null;
  return {
    nats: {
      urls: url?.urls ?? null,
      user: values.NATS_USER ?? url?.user ?? (password === null ? null : 'aggregator'),
      password,
      token: values.NATS_TOKEN ?? url?.token ?? null,
      credsFile: values.NATS_CREDS,
      caFile: values.NATS_CA,
      certFile: values.NATS_CERT,
      keyFile: values.NATS_KEY,
    },
    embedded: {
      mode: values.EMBEDDED_NATS,
      host: values.EMBEDDED_NATS_HOST,
      port: values.EMBEDDED_NATS_PORT,
      wsPort: values.EMBEDDED_NATS_WS_PORT,
      dir: ownPath(values.EMBEDDED_NATS_DIR ?? besideDatabase(databasePath)),
      tlsCertFile: values.EMBEDDED_NATS_TLS_CERT,
      tlsKeyFile: values.EMBEDDED_NATS_TLS_KEY,
      monitorPassword: values.NATS_MONITOR_PASSWORD,
      binary: values.NATS_SERVER_BIN,
    },
    aggregatorId: values.AGGREGATOR_ID,
    databasePath,
    ...(databasePath === values.DB_PATH ? {} : { databaseLink: values.DB_PATH }),
    publish: { intervalMs: values.PUBLISH_INTERVAL, enabled: values.PUBLISH },
    retentionDays: values.RETENTION_DAYS,
    lifecycle: {
      staleAfterMs: values.STALE_AFTER,
      offlineAfterMs: values.OFFLINE_AFTER,
      forgetAfterMs: values.FORGET_AFTER,
    },
    ingest: {
      mode: values.INGEST_MODE,
      streamMaxAgeMs: values.STREAM_MAX_AGE,
      streamMaxBytes: values.STREAM_MAX_BYTES,
    },
    cluster: values.CLUSTER === null ? null : clusterOf(values, values.CLUSTER, machine),
    http: {
      host: values.HTTP_HOST,
      port: values.HTTP_PORT,
      embedOrigins: values.EMBED_ORIGINS ?? [],
    },
    limits: {
      ratePerMinute: values.RATE_LIMIT_PER_MINUTE,
      rateBurst: values.RATE_LIMIT_BURST,
      globalPerSecond: values.RATE_LIMIT_GLOBAL_PER_SECOND,
      newNodesPerMinute: values.NEW_NODES_PER_MINUTE,
      maxNodes: values.MAX_NODES,
    },
    authMode: values.AUTH_MODE,
    apiAuth: values.API_AUTH,
    federationSalt: values.FEDERATION_SALT,
    notifyFile: values.NOTIFY_FILE,
    privacyMinCell: values.PRIVACY_MIN_CELL,
    // The main thread and the ingest thread need a processor each; queries are short.
    workers: values.WORKERS ?? Math.max(1, Math.min(4, Math.floor(machine.processors / 2))),
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT ?? (machine.isTerminal ? 'text' : 'json') },
  };
}

function clusterOf(values: SettingValues, name: string, machine: Machine): ClusterSettings {
  return {
    name,
    partitions: values.PARTITIONS,
    partition: values.PARTITION,
    replica: values.REPLICA ?? machine.hostName.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 32),
    inputStreams: values.INPUT_STREAMS,
    logMaxAgeMs: values.LOG_MAX_AGE,
    split: values.SPLIT,
    acceptsUnsafeBroker: values.CLUSTER_UNSAFE_BROKER,
  };
}

/** Each database has its own folder, so that two databases in one folder never share a broker. */
function besideDatabase(databasePath: string): string {
  return join(dirname(databasePath), `${basename(databasePath, '.db')}-nats`);
}

/** DB_PATH as the operator wrote it, or its default; links are not followed. */
export function writtenDatabasePath(env: Environment): string {
  return (env['DB_PATH'] ?? '').trim() || DEFINITIONS.DB_PATH.unset;
}
