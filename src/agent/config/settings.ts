// The settings of one run of the agent: read from the environment, checked together, and then plain data.

import { shownValue } from '../../config/definition.ts';
import { type Environment, type Machine, thisMachine } from '../../config/environment.ts';
import { type BrokenRule, readSome as readSomeOf, readTable } from '../../config/read-settings.ts';
import type { NatsOptions } from '../../io/nats.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import { ownPath } from '../../lib/real-path.ts';
import { DEFINITIONS, type SettingName, type SettingValues } from './setting-table.ts';

export { SETTINGS } from './setting-table.ts';

/** The node's files, and how they are read. */
export interface SourceSettings {
  /** Patterns of paths; none if the setting is empty. */
  readonly events: readonly string[];
  /** Patterns of folders; none if the setting is empty. */
  readonly logs: readonly string[];
  readonly logTimeZone: string;
  readonly history: 'all' | 'none';
  readonly pollIntervalMs: number;
  readonly rescanIntervalMs: number;
  /** 0: a completion does not wait. */
  readonly outcomeWaitMs: number;
}

/** All settings of docs/agent.md#settings, checked. */
export interface AgentSettings {
  readonly nats: NatsOptions;
  /** True if `FEDERATION_NATS_URL` is set. */
  readonly isBrokerNamed: boolean;
  /** 64 lower-case hex digits; null: asked of the aggregator, or kept. */
  readonly salt: string | null;
  readonly apiKey: string | null;
  readonly statsKey: PublicJwk | null;
  readonly continent: 'AF' | 'AN' | 'AS' | 'EU' | 'NA' | 'OC' | 'SA' | null;
  /** Rounded to half a degree, as it leaves. */
  readonly location: string | null;
  readonly sources: SourceSettings;
  /** Messages a minute; null: what the aggregator allows. */
  readonly ratePerMinute: number | null;
  readonly queueMax: number;
  /** The path with links followed, so that every process that uses this file has the same path. */
  readonly databasePath: string;
  /** `DB_PATH` as written, if it leads to another path. */
  readonly databaseLink?: string;
  /** Port 0 chooses any free port. */
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly allowedOrigins: readonly string[];
    readonly webSocketsMax: number;
    readonly webSocketsPerAddressMax: number;
  };
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'text' };
}

/** Settings of deployed monitors that have no meaning here. */
const RETIRED = {
  names: ['CONTAINER_NAME', 'DOCKER_SOCKET_PATH', 'LOG_RETENTION_DAYS', 'TASK_DATA_PASSWORD'],
  isEachTold: true,
  advice: 'of another monitor, and without meaning for the agent: it reads files, and keeps no raw data',
};

/** Settings whose empty value means none, against the rule that an empty value counts as unset. */
const EMPTY_MEANS_NONE = ['AGENT_EVENTS', 'AGENT_LOGS'] as const;

/** Reads and checks all settings. Throws `settings_invalid` with all mistakes. */
export function readSettings(
  env: Environment,
  machine: Partial<Machine> = {},
): { readonly settings: AgentSettings; readonly warnings: readonly string[] } {
  const known: Machine = { ...thisMachine(), ...machine };
  const program = {
    table: DEFINITIONS,
    retired: RETIRED,
    brokenRules: (values: SettingValues) => [
      ...sources(env),
      ...credentials(values),
      ...pairs(values),
      ...files(values, known),
    ],
  };
  const { values, warnings } = readTable(program, env);
  return { settings: arrange(values, env, known), warnings: [...warnings, ...anonymous(values)] };
}

/** Reads only the named settings and ignores mistakes in others. Throws `settings_invalid` with theirs. */
export function readSome<const N extends SettingName>(
  env: Environment,
  names: readonly N[],
): Pick<SettingValues, N> {
  return readSomeOf(DEFINITIONS, env, names);
}

/** DB_PATH as the operator wrote it, or its default; links are not followed. */
export function writtenDatabasePath(env: Environment): string {
  return (env['DB_PATH'] ?? '').trim() || DEFINITIONS.DB_PATH.unset;
}

/** True if a setting says which files or which broker are meant, so that nobody wants a demonstration. */
export function isAnythingSet(env: Environment): boolean {
  const isSet = (name: string, value: string) =>
    value.trim() !== '' || EMPTY_MEANS_NONE.some((one) => one === name);
  return Object.entries(env).some(
    ([name, value]) => /^(AGENT|FEDERATION)_/.test(name) && value !== undefined && isSet(name, value),
  );
}

function isNone(env: Environment, name: (typeof EMPTY_MEANS_NONE)[number]): boolean {
  return env[name] !== undefined && env[name].trim() === '';
}

function sources(env: Environment): readonly BrokenRule<SettingName>[] {
  if (!EMPTY_MEANS_NONE.every((name) => isNone(env, name))) return [];
  const sentence =
    'AGENT_EVENTS and AGENT_LOGS are both empty: allowed is at most one, or there is nothing to report';
  return [{ names: [...EMPTY_MEANS_NONE], sentence }];
}

function credentials(values: SettingValues): readonly BrokenRule<SettingName>[] {
  const { FEDERATION_NATS_URL: url } = values;
  const names = ['FEDERATION_NATS_PASSWORD', 'FEDERATION_NATS_TOKEN', 'FEDERATION_NATS_CREDS'] as const;
  const broken: BrokenRule<SettingName>[] = [];
  const given = names.filter((name) => values[name] !== null);
  if (given.length > 1) {
    broken.push({
      names: given,
      sentence: `${given.join(' and ')} (not shown): allowed is one way to log in`,
    });
  }
  if ((url.password !== null || url.token !== null) && given.length > 0) {
    const sentence = `FEDERATION_NATS_URL holds a login, and ${given.join(', ')} is set: allowed is one of them`;
    broken.push({ names: ['FEDERATION_NATS_URL', ...given], sentence });
  }
  if (values.FEDERATION_NATS_PASSWORD !== null && values.FEDERATION_NATS_USER === null) {
    const sentence = 'FEDERATION_NATS_PASSWORD (not shown): FEDERATION_NATS_USER is missing';
    broken.push({ names: ['FEDERATION_NATS_PASSWORD', 'FEDERATION_NATS_USER'], sentence });
  }
  return broken;
}

function pairs(values: SettingValues): readonly BrokenRule<SettingName>[] {
  const { FEDERATION_NATS_CERT: cert, FEDERATION_NATS_KEY: key } = values;
  if ((cert === null) === (key === null)) return [];
  const [set, missing] =
    cert === null
      ? ['FEDERATION_NATS_KEY', 'FEDERATION_NATS_CERT']
      : ['FEDERATION_NATS_CERT', 'FEDERATION_NATS_KEY'];
  return [
    {
      names: ['FEDERATION_NATS_CERT', 'FEDERATION_NATS_KEY'],
      sentence: `${set} is set without ${missing}: allowed are both, or none`,
    },
  ];
}

const FILES = [
  'FEDERATION_NATS_CREDS',
  'FEDERATION_NATS_CA',
  'FEDERATION_NATS_CERT',
  'FEDERATION_NATS_KEY',
] as const;

function files(
  values: SettingValues,
  { canRead }: Pick<Machine, 'canRead'>,
): readonly BrokenRule<SettingName>[] {
  return FILES.flatMap((name) => {
    const path = values[name];
    if (path === null || canRead(path)) return [];
    const shown = shownValue(DEFINITIONS[name], path);
    const sentence = `${name} ${shown}: allowed is a file that exists and that this user may read`;
    return [{ names: [name], sentence }];
  });
}

function anonymous(values: SettingValues): readonly string[] {
  const { FEDERATION_NATS_USER: user, FEDERATION_NATS_PASSWORD: password } = values;
  if (user === null || password !== null) return [];
  return ['FEDERATION_NATS_USER: without FEDERATION_NATS_PASSWORD the agent logs in as nobody'];
}

function natsOptions(values: SettingValues): NatsOptions {
  const { FEDERATION_NATS_URL: url, FEDERATION_NATS_PASSWORD: password } = values;
  return {
    servers: url.urls,
    user: password === null ? url.user : values.FEDERATION_NATS_USER,
    password: password ?? url.password,
    token: values.FEDERATION_NATS_TOKEN ?? url.token,
    credsFile: values.FEDERATION_NATS_CREDS,
    caFile: values.FEDERATION_NATS_CA,
    certFile: values.FEDERATION_NATS_CERT,
    keyFile: values.FEDERATION_NATS_KEY,
    // The aggregator answers requests to join only at this prefix.
    inboxPrefix: null,
  };
}

function arrange(values: SettingValues, env: Environment, machine: Machine): AgentSettings {
  const databasePath = ownPath(values.DB_PATH);
  return {
    nats: natsOptions(values),
    isBrokerNamed: (env['FEDERATION_NATS_URL'] ?? '').trim() !== '',
    salt: values.FEDERATION_SALT,
    apiKey: values.FEDERATION_API_KEY,
    statsKey: values.FEDERATION_STATS_KEY,
    continent: values.NODE_CONTINENT,
    location: values.NODE_LOCATION,
    sources: {
      events: isNone(env, 'AGENT_EVENTS') ? [] : values.AGENT_EVENTS,
      logs: isNone(env, 'AGENT_LOGS') ? [] : values.AGENT_LOGS,
      logTimeZone: values.AGENT_LOG_TZ,
      history: values.AGENT_HISTORY,
      pollIntervalMs: values.AGENT_POLL_INTERVAL,
      rescanIntervalMs: values.AGENT_RESCAN_INTERVAL,
      outcomeWaitMs: values.AGENT_OUTCOME_WAIT,
    },
    ratePerMinute: values.AGENT_RATE,
    queueMax: values.AGENT_QUEUE_MAX,
    databasePath,
    ...(databasePath === values.DB_PATH ? {} : { databaseLink: values.DB_PATH }),
    http: {
      host: values.HOST,
      port: values.PORT,
      allowedOrigins: values.ALLOWED_ORIGINS ?? [],
      webSocketsMax: values.WS_MAX_CONNECTIONS,
      webSocketsPerAddressMax: values.WS_MAX_PER_IP,
    },
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT ?? (machine.isTerminal ? 'text' : 'json') },
  };
}
