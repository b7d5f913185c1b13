// The settings of one run of the enclave: read from the environment, checked together, and then plain data.

import { createHash } from 'node:crypto';
import { type Environment, thisMachine } from '../../config/environment.ts';
import { readTable } from '../../config/read-settings.ts';
import { canonicalText } from '../domain/canonical.ts';
import type { Canonical, ReturnBasis } from '../domain/summary.ts';
import { ENCLAVE_DEFINITIONS, type EnclaveSettingValues } from './enclave-setting-table.ts';
import type { ExchangeUrls } from './kinds.ts';

/** The seal key's file without a setting, in the folder of the program. */
export const DEFAULT_SEAL_KEY_FILE = 'enclave_seal.key';

/** All settings of docs/enclave.md#settings, checked. */
export interface EnclaveSettings {
  /** Port 0 chooses any free port. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly socketPath: string;
  /** Null: in memory only, because nothing of this machine outlives the enclave. */
  readonly sealKey: { readonly file: string } | { readonly command: string } | null;
  readonly attestation: { readonly source: 'none' | 'nitro' | 'tsm'; readonly url: string };
  readonly keepsSessions: boolean;
  readonly accountsMax: number;
  readonly graceMs: number;
  readonly exchangeUrls: ExchangeUrls;
  readonly canonical: Canonical;
  readonly withMetadata: boolean;
  readonly returnBasis: ReturnBasis;
  /** SHA-256 in hex of what decides what the enclave does with keys and trades. */
  readonly configDigest: string;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'text' };
}

/** Reads and checks all settings; an empty value counts as unset. Throws `settings_invalid` with all mistakes. */
export function readEnclaveSettings(
  env: Environment,
  isTerminal = thisMachine().isTerminal,
): { readonly settings: EnclaveSettings; readonly warnings: readonly string[] } {
  const { values, warnings } = readTable({ table: ENCLAVE_DEFINITIONS, brokenRules: () => [] }, env);
  return { settings: arrange(values, isTerminal), warnings };
}

function arrange(values: EnclaveSettingValues, isTerminal: boolean): EnclaveSettings {
  return {
    listen: { host: values.ENCLAVE_HOST, port: values.ENCLAVE_PORT },
    socketPath: values.ENCLAVE_SOCKET,
    sealKey: sealKeyOf(values),
    attestation: { source: values.ENCLAVE_ATTESTATION, url: values.ATTESTATION_URL },
    keepsSessions: values.ENCLAVE_PERSIST_SESSIONS,
    accountsMax: values.MAX_ACCOUNTS,
    graceMs: values.SUMMARY_GRACE_MS,
    exchangeUrls: values.EXCHANGE_URLS ?? new Map(),
    canonical: values.INGEST_CANONICAL,
    withMetadata: values.INGEST_METADATA,
    returnBasis: values.RETURN_BASIS,
    configDigest: digestOf(values),
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT ?? (isTerminal ? 'text' : 'json') },
  };
}

/** With trusted hardware a file would be outside of what is trusted, unless the operator says otherwise. */
function sealKeyOf(values: EnclaveSettingValues): EnclaveSettings['sealKey'] {
  const { ENCLAVE_SEAL_KEY: file, ENCLAVE_SEAL_KEY_COMMAND: command, ENCLAVE_ATTESTATION: source } = values;
  if (command !== null) return { command };
  if (file !== null) return { file };
  return source === 'none' ? { file: DEFAULT_SEAL_KEY_FILE } : null;
}

/** What a user who checks the attestation wants to know of the settings; docs/enclave.md#what-is-attested names them. */
function digestOf(values: EnclaveSettingValues): string {
  const decisive = {
    exchange_urls: [...(values.EXCHANGE_URLS ?? [])]
      .map(([exchange, url]) => `${exchange}=${url}`)
      .toSorted(),
    ingest_canonical: values.INGEST_CANONICAL,
    ingest_metadata: values.INGEST_METADATA,
    persist_sessions: values.ENCLAVE_PERSIST_SESSIONS,
    return_basis: values.RETURN_BASIS,
    summary_grace_ms: values.SUMMARY_GRACE_MS,
  };
  return createHash('sha256').update(canonicalText(decisive, 'rfc8785')).digest('hex');
}
