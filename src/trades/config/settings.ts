// The settings of one run of trades: read from the environment, checked together, and then plain data.

import { thisMachine, type Environment, type Machine } from '../../config/environment.ts';
import { type BrokenRule, readSome as readSomeOf, readTable } from '../../config/read-settings.ts';
import { ownPath } from '../../lib/real-path.ts';
import type { Canonical, ReturnBasis } from '../domain/summary.ts';
import { DEFINITIONS, type SettingName, type SettingValues } from './setting-table.ts';

export { SETTINGS } from './setting-table.ts';

/** Where the ingestion API is without a setting. */
export const DEFAULT_BACKEND_URL = 'http://localhost:3010';
/** The key file without a setting, in the folder of the program. */
export const DEFAULT_KEY_FILE = 'ed25519_private.key';

/** All settings of docs/trades.md#settings, checked. */
export interface Settings {
  /** Port 0 chooses any free port. */
  readonly listen: { readonly host: string; readonly port: number; readonly wsPort: number };
  readonly backend: {
    /** Without a slash at its end. */
    readonly url: string;
    /** False if `AGGREGATOR_BACKEND_URL` is unset. */
    readonly isSet: boolean;
    readonly tokenFile: string | null;
  };
  /** False for `isSet` if `AGGREGATOR_PRIVATE_KEY` is unset. */
  readonly key: { readonly file: string; readonly isSet: boolean };
  /** The client of a job that names none. */
  readonly clientId: string;
  readonly canonical: Canonical;
  readonly withMetadata: boolean;
  readonly returnBasis: ReturnBasis;
  readonly jobs: {
    readonly hasTokens: boolean;
    readonly ttlMs: number;
    readonly tradesMax: number;
    readonly jobsMax: number;
    readonly heldBytesMax: number;
  };
  readonly allowsPlainRegistration: boolean;
  /** Whether this service has exchange accounts, and where it meets their enclave. */
  readonly enclave: { readonly mode: 'start' | 'join' | 'off'; readonly socketPath: string };
  /** The path with links followed, so that every process that uses this file has the same path. */
  readonly databasePath: string;
  /** `DB_PATH` as written, if it leads to another path. */
  readonly databaseLink?: string;
  readonly outboxBytesMax: number;
  /** 0: for ever. */
  readonly retentionDays: number;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'text' };
}

const MIB = 1_048_576;

/** Reads and checks all settings; an empty value counts as unset. Throws `settings_invalid` with all mistakes. */
export function readSettings(
  env: Environment,
  machine: Partial<Machine> = {},
): { readonly settings: Settings; readonly warnings: readonly string[] } {
  const known: Machine = { ...thisMachine(), ...machine };
  const program = {
    table: DEFINITIONS,
    brokenRules: (values: SettingValues) => brokenRules(values, known),
  };
  const { values, warnings } = readTable(program, env);
  return { settings: arrange(values, known), warnings };
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

function brokenRules(
  values: SettingValues,
  { canRead }: Pick<Machine, 'canRead'>,
): readonly BrokenRule<SettingName>[] {
  const broken: BrokenRule<SettingName>[] = [];
  const { AGGREGATOR_PORT: port, AGGREGATOR_WS_PORT: wsPort, AGGREGATOR_BACKEND_TOKEN_FILE: token } = values;
  if (port !== 0 && port === wsPort) {
    const sentence = `AGGREGATOR_WS_PORT ${wsPort}: allowed is another port than AGGREGATOR_PORT`;
    broken.push({ names: ['AGGREGATOR_PORT', 'AGGREGATOR_WS_PORT'], sentence });
  }
  if (token !== null && !canRead(token)) {
    const sentence =
      'AGGREGATOR_BACKEND_TOKEN_FILE: allowed is a file that exists and that this user may read';
    broken.push({ names: ['AGGREGATOR_BACKEND_TOKEN_FILE'], sentence });
  }
  return broken;
}

function arrange(values: SettingValues, machine: Machine): Settings {
  const databasePath = ownPath(values.DB_PATH);
  return {
    listen: {
      host: values.AGGREGATOR_HOST ?? values.HTTP_HOST,
      port: values.AGGREGATOR_PORT,
      wsPort: values.AGGREGATOR_WS_PORT,
    },
    backend: {
      url: values.AGGREGATOR_BACKEND_URL ?? DEFAULT_BACKEND_URL,
      isSet: values.AGGREGATOR_BACKEND_URL !== null,
      tokenFile: values.AGGREGATOR_BACKEND_TOKEN_FILE,
    },
    key: {
      file: values.AGGREGATOR_PRIVATE_KEY ?? DEFAULT_KEY_FILE,
      isSet: values.AGGREGATOR_PRIVATE_KEY !== null,
    },
    clientId: values.AGGREGATOR_CLIENT_ID,
    canonical: values.INGEST_CANONICAL,
    withMetadata: values.INGEST_METADATA,
    returnBasis: values.RETURN_BASIS,
    jobs: {
      hasTokens: values.JOB_TOKENS === 'required',
      ttlMs: values.JOB_TTL_MS,
      tradesMax: values.JOB_MAX_TRADES,
      jobsMax: values.MAX_JOBS,
      heldBytesMax: values.JOBS_MEMORY_MAX_MIB * MIB,
    },
    allowsPlainRegistration: values.ALLOW_PLAINTEXT_REGISTRATION,
    enclave: { mode: values.ENCLAVE, socketPath: values.ENCLAVE_SOCKET },
    databasePath,
    ...(databasePath === values.DB_PATH ? {} : { databaseLink: values.DB_PATH }),
    outboxBytesMax: values.OUTBOX_MAX_MIB * MIB,
    retentionDays: values.RETENTION_DAYS,
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT ?? (machine.isTerminal ? 'text' : 'json') },
  };
}
