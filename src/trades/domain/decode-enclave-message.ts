// Reads what came from the enclave over the link. A value is a message as a whole or none; nothing is repaired.

import { type PublicJwk, thumbprint } from '../../lib/ed25519.ts';
import { isObject } from '../../lib/is-object.ts';
import type { AccountReason, AccountRow, KeyWarning } from './account.ts';
import type {
  Checkpoint,
  EnclaveCounters,
  EnclaveIdentity,
  EnclaveMessage,
  EnclaveStatus,
  LinkAnswer,
  PolledSummary,
} from './enclave-link.ts';
import { ACCOUNT_TYPES, type UserMetrics, type UserSummary } from './registration.ts';
import {
  type Check,
  isCount,
  isFlag,
  isListOf,
  isName,
  isNumber,
  isOneOf,
  isShaped,
  isText,
  isTyped,
  orNull,
  type Shape,
} from './shape.ts';
import type { HourlyBucket } from './summary.ts';

const ID_CHARACTERS_MAX = 256;
const TEXT_CHARACTERS_MAX = 2_048;
const isId = isName(ID_CHARACTERS_MAX);
const isDigest: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isBase64: Check = (value) =>
  typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);

const REASONS: Readonly<Record<AccountReason, true>> = {
  starting: true,
  rate_limited: true,
  unreachable: true,
  exchange_error: true,
  clock: true,
  nonce: true,
  key_refused: true,
  over_powered: true,
  other_account: true,
  backlog: true,
  expired: true,
  removed: true,
  incomplete: true,
  defect: true,
};
const WARNINGS: Readonly<Record<KeyWarning, true>> = {
  can_trade: true,
  not_ip_bound: true,
  expires: true,
  untested: true,
};

const KEY: Shape<PublicJwk> = {
  kty: isOneOf(['OKP']),
  crv: isOneOf(['Ed25519']),
  x: isName(43),
  kid: isName(43),
  use: isOneOf(['sig']),
  alg: isOneOf(['EdDSA']),
};

const isKey: Check = (value) => {
  if (!isShaped(KEY)(value)) return false;
  const { x, kid } = value as PublicJwk;
  return Buffer.from(x, 'base64url').length === 32 && thumbprint(x) === kid;
};

const IDENTITY: Shape<EnclaveIdentity> = {
  linkVersion: isCount,
  processId: isCount,
  version: isId,
  platform: isOneOf(['none', 'nitro', 'sev-snp', 'tdx']),
  sealId: isId,
  isSealKeyTemporary: isFlag,
  configDigest: isDigest,
  signingKey: isKey,
  url: isText,
  exchangeUrls: isListOf(isName(TEXT_CHARACTERS_MAX)),
  startedAtMs: isCount,
};

const ACCOUNT: Shape<AccountRow> = {
  accountId: isId,
  label: isText,
  exchange: isId,
  accountType: isOneOf(ACCOUNT_TYPES),
  isSandbox: isFlag,
  isLocal: isFlag,
  node: isOneOf(['online', 'stale', 'offline']),
  reason: orNull(isOneOf(Object.keys(REASONS))),
  exchangeCode: orNull(isText),
  warnings: isListOf(isOneOf(Object.keys(WARNINGS))),
  keyExpiresAtMs: orNull(isNumber),
  lastPollAtMs: orNull(isNumber),
  nextPollAtMs: orNull(isNumber),
  intervalMs: isNumber,
  unpolledMarkets: isCount,
  readToMs: orNull(isNumber),
  seq: isCount,
  sessionExpiresAtMs: orNull(isNumber),
};

const COUNTERS: Shape<EnclaveCounters> = {
  polls: isShaped({ new: isCount, empty: isCount, failed: isCount }),
  requests: isCount,
  requestsFailed: isCount,
  rateLimitPauses: isCount,
  marketDownloads: isCount,
  fills: isCount,
  fillsRepeated: isCount,
  fillsLate: isCount,
  fillsTooOld: isCount,
  summaries: isCount,
  corrections: isCount,
  registrations: isCount,
  registrationsRefused: isCount,
  sessionsEnded: isCount,
  pollsLate: isCount,
  latenessSeconds: isNumber,
  residentBytes: isCount,
  heapBytes: isCount,
};

const STATUS: Shape<EnclaveStatus> = {
  accounts: isListOf(isShaped(ACCOUNT)),
  unstoredSummaries: isCount,
  counters: isShaped(COUNTERS),
};

const BUCKET: Shape<HourlyBucket> = {
  t: isName(30),
  return_pct: isNumber,
  trades: isCount,
  volume_base: isNumber,
  volume_quote: isNumber,
  fees_usd: isNumber,
};

const SUMMARY: Shape<PolledSummary> = {
  accountId: isId,
  exchange: isId,
  provenance: isOneOf(['polled']),
  seq: isCount,
  digest: isDigest,
  periodStartMs: isCount,
  periodEndMs: isCount,
  trades: isCount,
  body: isText,
  buckets: isListOf(isShaped(BUCKET)),
  quote: orNull(isId),
  sealedAtMs: isCount,
};

const CHECKPOINT: Shape<Checkpoint> = { accountId: isId, seq: isCount, turn: isCount, sealed: isBase64 };

const METRICS: Shape<UserMetrics> = {
  symbol: isText,
  volume: isNumber,
  trades: isNumber,
  returnPct: isNumber,
  returnUsd: isNumber,
  totalFees: isNumber,
  realizedPnL: isNumber,
  totalTrades: isNumber,
  periodStart: isText,
  periodEnd: isText,
};

const SUMS: Shape<UserSummary> = {
  totalVolume: isNumber,
  totalTrades: isNumber,
  totalReturnPct: isNumber,
  totalReturnUsd: isNumber,
  totalFees: isNumber,
};

const ANSWERS: Readonly<Record<LinkAnswer['type'], Check>> = {
  registered: () => true,
  refused: isShaped({
    status: isOneOf([400, 403, 409, 429, 503]),
    code: isId,
    reason: isName(TEXT_CHARACTERS_MAX),
  }),
  removed: () => true,
  metrics: isShaped({ metrics: isListOf(isShaped(METRICS)) }),
  summary: isShaped({ summary: orNull(isShaped(SUMS)) }),
};

const isStore: Check = (value) => {
  if (
    !isShaped({
      number: isCount,
      summary: orNull(isShaped(SUMMARY)),
      checkpoint: orNull(isShaped(CHECKPOINT)),
    })(value)
  )
    return false;
  const { summary, checkpoint } = value as Extract<EnclaveMessage, { type: 'store' }>;
  if (summary === null || checkpoint === null) return summary !== null || checkpoint !== null;
  return summary.accountId === checkpoint.accountId;
};

const MESSAGES: Readonly<Record<EnclaveMessage['type'], Check>> = {
  hello: isShaped({ identity: isShaped(IDENTITY) }),
  status: isShaped({ status: isShaped(STATUS) }),
  store: isStore,
  restore: isShaped({ number: isCount, accountId: isId }),
  restoreAll: isShaped({ number: isCount, after: orNull(isId) }),
  answer: isShaped({ number: isCount, answer: isTyped(ANSWERS) }),
  busy: isShaped({ processId: isCount }),
};

/** The message; null if the value is none. */
export function decodeEnclaveMessage(value: unknown): EnclaveMessage | null {
  return isTyped(MESSAGES)(value) ? (value as EnclaveMessage) : null;
}

/** The version of the link that a value names which may be a `hello` of any version; null if it names none. */
export function linkVersionIn(value: unknown): number | null {
  if (!isObject(value) || value['type'] !== 'hello' || !isObject(value['identity'])) return null;
  const { linkVersion } = value['identity'];
  return typeof linkVersion === 'number' ? linkVersion : null;
}
