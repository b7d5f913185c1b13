// Reads what was sealed in an envelope: the credentials of an account and how it is to be polled. Pure. A fault names the
// member and repeats no value.

import { isObject } from '../../lib/is-object.ts';
import { parseStrict } from '../../lib/strict-json.ts';
import type { AccountOptions, AccountRegistration, Credentials } from './account.ts';
import { ENVELOPE_PLAIN_BYTES_MAX, type EnvelopeMetadata } from './envelope.ts';
import { ACCOUNT_TYPES } from './registration.ts';
import {
  CREDENTIAL,
  flagOf,
  INTERVAL_MS,
  RETRIES,
  USER_ID,
  USER_ID_FAULT,
  wholeOf,
} from './registration-members.ts';

/** Symbols that a user may name. */
export const NAMED_SYMBOLS_MAX = 500;
/** How far `since` may be ahead of this machine's clock, in ms. */
export const SINCE_AHEAD_MAX_MS = 300_000;
/** 2009: before that there was nothing to trade. */
const SINCE_FROM_MS = Date.UTC(2009, 0, 1);

/** A sentence that says why there is no registration. */
export interface RegistrationFault {
  readonly fault: string;
}

const JSON_BOUNDS = { charactersMax: ENVELOPE_PLAIN_BYTES_MAX, depthMax: 4, valuesMax: 1_000 } as const;

/** A credential's form, and how the fault of another ends. */
type Form = readonly [pattern: RegExp, fault: string];
const LONG: Form = [CREDENTIAL, 'must have at least 10 characters'];
const WORD: Form = [/^[!-~]{1,256}$/, 'must be at most 256 characters of ASCII without white space'];
const CREDENTIAL_FORMS = {
  apiKey: LONG,
  secret: LONG,
  password: [/^[^\p{Cs}\0]{1,8000}$/u, 'must have at least 1 character'],
  uid: WORD,
  walletAddress: WORD,
  privateKey: LONG,
} as const satisfies Record<keyof Credentials, Form>;
const REQUIRED: ReadonlySet<string> = new Set(['apiKey', 'secret']);
const OPTIONS = [
  'userId',
  'accountType',
  'sandbox',
  'symbols',
  'apiInterval',
  'maxRetries',
  'since',
] as const;
const CREDENTIAL_NAMES = Object.keys(CREDENTIAL_FORMS) as (keyof Credentials)[];
const NAMES: readonly string[] = [...CREDENTIAL_NAMES, ...OPTIONS];
/** A unified symbol, for example `BTC/USDT:USDT`. */
const SYMBOL = /^[^\s\p{C}]{1,64}$/u;

/**
 * Reads the plain text of an envelope; `nowMs` is this machine's clock. Members that it does not know are refused, and a
 * member that is null counts as absent.
 */
export function decodeAccountRegistration(
  plain: Uint8Array,
  metadata: EnvelopeMetadata,
  nowMs: number,
): AccountRegistration | RegistrationFault {
  const given = membersOf(plain);
  if (given === null) return { fault: 'the sealed text must be a JSON object without repeated members' };
  if (Object.keys(given).some((name) => !NAMES.includes(name)))
    return { fault: `the sealed text has a member that is none of ${NAMES.join(', ')}` };
  const userId = given['userId'] ?? '';
  if (typeof userId !== 'string' || (userId !== '' && !USER_ID.test(userId))) return { fault: USER_ID_FAULT };
  const credentials = decodeCredentials(given);
  if ('fault' in credentials) return credentials;
  const options = decodeOptions(given, metadata.exchange, nowMs);
  if ('fault' in options) return options;
  return {
    label: metadata.label === '' ? userId : metadata.label,
    options,
    credentials,
    ttlSeconds: metadata.ttl,
  };
}

function membersOf(plain: Uint8Array): Readonly<Record<string, unknown>> | null {
  if (plain.length > ENVELOPE_PLAIN_BYTES_MAX) return null;
  try {
    const value = parseStrict(new TextDecoder('utf-8', { fatal: true }).decode(plain), JSON_BOUNDS);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function decodeCredentials(given: Readonly<Record<string, unknown>>): Credentials | RegistrationFault {
  const found: Partial<Record<keyof Credentials, string>> = {};
  for (const name of CREDENTIAL_NAMES) {
    const [pattern, fault] = CREDENTIAL_FORMS[name];
    const value = given[name] ?? null;
    if (value === null && !REQUIRED.has(name)) continue;
    if (typeof value !== 'string' || !pattern.test(value)) return { fault: `${name} ${fault}` };
    found[name] = value;
  }
  const { apiKey = '', secret = '', ...others } = found;
  return { apiKey, secret, ...others };
}

function decodeOptions(
  given: Readonly<Record<string, unknown>>,
  exchange: string,
  nowMs: number,
): AccountOptions | RegistrationFault {
  const accountType = ACCOUNT_TYPES.find((each) => each === (given['accountType'] ?? 'spot'));
  if (accountType === undefined) return { fault: `accountType must be one of ${ACCOUNT_TYPES.join(', ')}` };
  const isSandbox = flagOf(given['sandbox']);
  if (isSandbox === null) return { fault: 'sandbox must be true or false' };
  const symbols = symbolsOf(given['symbols']);
  if (symbols === null)
    return { fault: `symbols must be a list of at most ${NAMED_SYMBOLS_MAX} unified symbols` };
  const apiIntervalMs = wholeOf(given['apiInterval'], INTERVAL_MS);
  if (apiIntervalMs === null) return outside('apiInterval must be whole milliseconds', INTERVAL_MS);
  const retriesMax = wholeOf(given['maxRetries'], RETRIES);
  if (retriesMax === null) return outside('maxRetries must be a whole number', RETRIES);
  const sinceMs = sinceOf(given['since'], nowMs);
  if (sinceMs === undefined)
    return { fault: 'since must be whole milliseconds since 1970, from 2009 on and not in the future' };
  return { exchange, accountType, isSandbox, apiIntervalMs, retriesMax, sinceMs, symbols };
}

function outside(rule: string, { least, most }: { readonly least: number; readonly most: number }) {
  return { fault: `${rule} from ${least} to ${most}` };
}

function symbolsOf(value: unknown): readonly string[] | null {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > NAMED_SYMBOLS_MAX) return null;
  const symbols = value.filter((each) => typeof each === 'string' && SYMBOL.test(each)) as string[];
  return symbols.length === value.length ? [...new Set(symbols)] : null;
}

/** Null if absent, undefined if it cannot be. */
function sinceOf(value: unknown, nowMs: number): number | null | undefined {
  if (value === undefined || value === null) return null;
  const isPossible =
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= SINCE_FROM_MS &&
    value <= nowMs + SINCE_AHEAD_MAX_MS;
  return isPossible ? value : undefined;
}
