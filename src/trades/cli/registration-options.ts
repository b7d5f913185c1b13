// The options of `register-user` that say which account is registered, and what they make. It reads no secret.

import { flag, option, optionWithDefault, printable } from '../../cli/command-line.ts';
import { readQuantity } from '../../cli/number-option.ts';
import { CodedError } from '../../lib/errors.ts';
import { SESSION_SECONDS } from '../domain/decode-envelope.ts';
import { ACCOUNT_TYPES, type AccountType } from '../domain/registration.ts';
import { EXCHANGE_FAULT, EXCHANGE_ID, USER_ID, USER_ID_FAULT } from '../domain/registration-members.ts';
import type { SealedText } from '../client/seal-credentials.ts';
import type { UserRegistration } from '../client/secure-client.ts';

/** Declarations for the command. */
export const REGISTRATION_OPTIONS = {
  user: option('ID', 'your own name for the account, without white space'),
  exchange: option('ID', 'id of the exchange, for example binance, bybit or kraken'),
  'account-type': optionWithDefault('TYPE', `what is polled: ${ACCOUNT_TYPES.join(', ')}`, 'spot'),
  sandbox: flag("the key is of the exchange's sandbox"),
  ttl: optionWithDefault(
    'TIME',
    `time until the session ends; a bare number is seconds, ${SESSION_SECONDS.least} to ${SESSION_SECONDS.most}`,
    '86400',
  ),
  label: option('TEXT', 'a name for pages and lists; default that of --user'),
  since: option('TIME', 'where collection begins, for example 2026-01-01T00:00:00Z; default 60 s before now'),
  symbols: option('LIST', 'markets besides those that are found, with commas between: BTC/USDT,ETH/USDT'),
  'api-interval': option(
    'TIME',
    'longest usual time between two polls, 1s to 1h; a bare number is milliseconds; default 60000',
  ),
  'max-retries': option('N', 'further attempts inside one poll, 0 to 10; default 3'),
  uid: option('ID', 'user id that some exchanges ask for'),
  'wallet-address': option('ADDRESS', 'wallet that some exchanges ask for'),
} as const;

const TTL_SECONDS = { unit: 'seconds', min: SESSION_SECONDS.least, max: SESSION_SECONDS.most } as const;
/** The enclave refuses others too. */
const API_INTERVAL_MS = { unit: 'milliseconds', min: 1_000, max: 3_600_000 } as const;

/** The options as they were given. */
export type RegistrationValues = {
  readonly [Name in keyof typeof REGISTRATION_OPTIONS]?: string | boolean | undefined;
};

/** A registration without credentials. */
export interface ReadRegistration extends Omit<UserRegistration, 'sealed' | 'earlierToken'> {
  readonly options: Omit<SealedText, 'apiKey' | 'secret'>;
}

/** Reads the options. The rest of the rules are the enclave's. Errors: `usage`. */
export function registrationOf(values: RegistrationValues): ReadRegistration {
  const userId = needed(values.user, 'user');
  if (!USER_ID.test(userId)) throw wrong(sentence(USER_ID_FAULT.replace('userId', '--user')));
  const exchange = needed(values.exchange, 'exchange');
  if (!EXCHANGE_ID.test(exchange)) throw wrong(sentence(`--${EXCHANGE_FAULT}`));
  const accountType = accountTypeOf(needed(values['account-type'], 'account-type'));
  const ttl = readQuantity('ttl', textOf(values.ttl) ?? '', TTL_SECONDS);
  const interval = textOf(values['api-interval']);
  const apiInterval = interval === undefined ? null : readQuantity('api-interval', interval, API_INTERVAL_MS);
  const maxRetries = wholeOf(values['max-retries'], 'max-retries');
  const since = textOf(values.since);
  const symbols = textOf(values.symbols);
  return {
    exchange,
    label: textOf(values.label) ?? userId,
    ttl,
    options: {
      userId,
      accountType,
      sandbox: values.sandbox === true,
      ...(symbols === undefined ? {} : { symbols: symbols.split(',').map((each) => each.trim()) }),
      ...(apiInterval === null ? {} : { apiInterval }),
      ...(maxRetries === null ? {} : { maxRetries }),
      ...(since === undefined ? {} : { since: timeOf(since, 'since') }),
    },
  };
}

/** A time in ms since 1970, from ISO text or from whole milliseconds. Errors: `usage`. */
export function timeOf(text: string, name: string): number {
  const isIso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text);
  const timeMs = /^\d{12,14}$/.test(text) ? Number(text) : isIso ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(timeMs)) return timeMs;
  throw wrong(`--${name} ${printable(text)}: a time is written as 2026-01-01T00:00:00Z.`);
}

function needed(value: string | boolean | undefined, name: string): string {
  const text = textOf(value);
  if (text === undefined || text === '') throw wrong(`--${name} is missing.`);
  return text;
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function accountTypeOf(text: string): AccountType {
  const type = ACCOUNT_TYPES.find((each) => each === text);
  if (type !== undefined) return type;
  throw wrong(`--account-type ${printable(text)}: allowed is ${ACCOUNT_TYPES.join(', ')}.`);
}

/** Null if absent. */
function wholeOf(value: string | boolean | undefined, name: string): number | null {
  const text = textOf(value);
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw wrong(`--${name} ${printable(text)}: it must be a whole number.`);
}

function sentence(clause: string): string {
  return `${clause}.`;
}

function wrong(text: string): CodedError {
  return new CodedError('usage', `${text} --help lists the options.`);
}
