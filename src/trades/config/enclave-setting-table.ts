// Every setting of the enclave in one table: name, kind, default and meaning (docs/enclave.md#settings). The table itself
// does not read the environment.

import { onOff, optional, rowsOf, setting, type SettingRow, type ValuesOf } from '../../config/definition.ts';
import { anyText, filePath, hostName, oneOf, wholeNumber, wholeNumberOrZero } from '../../config/kinds.ts';
import { LOG_FORMAT, LOG_LEVEL } from '../../config/log-settings.ts';
import { quantity } from '../../config/quantities.ts';
import { ENCLAVE_SOCKET } from './enclave-socket.ts';
import { exchangeUrls, loopbackUrl, trueOrFalseText } from './kinds.ts';
import { DEFINITIONS } from './setting-table.ts';

/** All settings by name, in the order of the documentation. */
export const ENCLAVE_DEFINITIONS = {
  ENCLAVE_HOST: setting(
    hostName,
    '127.0.0.1',
    'Address on which the enclave listens; 0.0.0.0 is every IPv4 address.',
  ),
  ENCLAVE_PORT: setting(
    wholeNumberOrZero('any free port', 1, 65_535),
    3000,
    'Port of the attestation and of registrations; 0 is any free one.',
  ),
  ENCLAVE_SOCKET,
  ENCLAVE_SEAL_KEY: optional(
    filePath,
    '`./enclave_seal.key` without trusted hardware, else unset',
    'File of the seal key (32 bytes, mode 0600), made when absent. It is not read where `ENCLAVE_SEAL_KEY_COMMAND` is set; without both the key lives in memory only.',
  ),
  ENCLAVE_SEAL_KEY_COMMAND: {
    ...optional(
      anyText,
      'unset',
      'A command whose output is the seal key, for example of a key management service.',
    ),
    secret: true,
  },
  ENCLAVE_ATTESTATION: setting(
    oneOf('none', 'nitro', 'tsm'),
    'none',
    'Where the proof of trusted hardware comes from: `nitro` asks `ATTESTATION_URL`, `tsm` is the Linux interface of SEV-SNP and TDX guests.',
  ),
  ATTESTATION_URL: setting(
    loopbackUrl,
    'http://127.0.0.1:1350/attestation/raw',
    'The sidecar in a Nitro enclave that gives documents.',
  ),
  ENCLAVE_PERSIST_SESSIONS: {
    ...onOff(
      trueOrFalseText,
      false,
      '`true` keeps credentials in the sealed checkpoints, so that sessions outlive a restart.',
    ),
    default: 'false',
  },
  MAX_ACCOUNTS: setting(wholeNumber(1, 100_000, 'accounts'), 10_000, 'Accounts at one time.'),
  SUMMARY_GRACE_MS: setting(
    quantity('milliseconds', 0, 3_600_000),
    120_000,
    'Milliseconds after an hour, by the clock of the exchange, before which its summary is not sealed.',
  ),
  EXCHANGE_URLS: optional(
    exchangeUrls,
    'unset',
    'Exchanges that are local servers, for trials: `binance=http://127.0.0.1:9101,…`.',
  ),
  INGEST_CANONICAL: DEFINITIONS.INGEST_CANONICAL,
  INGEST_METADATA: DEFINITIONS.INGEST_METADATA,
  RETURN_BASIS: DEFINITIONS.RETURN_BASIS,
  LOG_LEVEL,
  LOG_FORMAT,
} as const;

/** The parsed values by name. */
export type EnclaveSettingValues = ValuesOf<typeof ENCLAVE_DEFINITIONS>;

/** Every setting, in the order of the documentation; a test compares the table of docs/enclave.md with it. */
export const ENCLAVE_SETTINGS: readonly SettingRow[] = rowsOf(ENCLAVE_DEFINITIONS);
