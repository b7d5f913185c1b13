// The sentences for an account's state, as its owner and its operator read them. No text of an exchange is in them.

import type { AccountReason, KeyWarning } from './account.ts';

/** What each reason means, and what to do. */
export const ACCOUNT_REASONS: Readonly<Record<AccountReason, string>> = {
  starting: 'The account was not polled yet.',
  rate_limited:
    'The exchange answers that there are too many requests; polling waits for the time that it names, and goes on by itself.',
  unreachable: 'The exchange does not answer; polling goes on by itself.',
  exchange_error:
    'The exchange refuses a request for another reason than the key, or answers what this program cannot read; polling goes on by itself.',
  clock:
    "The exchange says that the time of the request is wrong; the enclave measures the exchange's clock again and goes on.",
  nonce:
    'The exchange refuses the number of the request, because another program uses this key too: give this program a key of its own.',
  key_refused:
    'The exchange refuses the key, and no further request is made with it. There are three causes: the key is wrong, expired or revoked; it is bound to IP addresses, and the one of this enclave is not among them; or it lacks the right to read trades. Register again with a key that may read from here.',
  over_powered:
    'The key may withdraw money, so no further request is made with it. Make a key that can only read, and register again.',
  other_account:
    'The exchange sent trades of another account than the one that was registered, for example those of a parent account. They are not counted, and no further request is made. Make the key in the account whose trades are meant, and register again.',
  backlog:
    'Summaries cannot leave the enclave, because the service does not take them; polling waits until it does. No trade is lost meanwhile, as far back as the exchange serves them.',
  expired: 'The session expired, and the credentials were dropped; register again to go on.',
  removed: 'The session was ended, and the credentials were dropped; register again to go on.',
  incomplete:
    'Balances or positions moved in a way that no trade explains which the exchange shows for this key, for example trades of a portfolio margin account. The figures may be incomplete.',
  defect:
    'A defect of the program keeps this account from being polled; please report it. Register again to try once more.',
};

/** The same where a registration is refused because of it: nothing is polled yet, and the client has to try again. */
export const REGISTRATION_REASONS: Readonly<Partial<Record<AccountReason, string>>> = {
  rate_limited:
    'The exchange answers that there are too many requests from the enclave, so the key could not be checked: register again in some minutes.',
  unreachable: 'The exchange does not answer, so the key could not be checked: register again later.',
  exchange_error:
    'The exchange refuses to say what the key may do, for another reason than the key, or answers what this program cannot read: register again later.',
  clock:
    "The exchange says that the time of the request is wrong; the enclave measures the exchange's clock again: register again.",
};

/** What each warning about a key means. */
export const KEY_WARNINGS: Readonly<Record<KeyWarning, string>> = {
  can_trade: 'The key may trade; a key that can only read is enough.',
  not_ip_bound: 'The key may be used from any address; bind it to the address of this enclave.',
  expires: 'The key expires; register again with a new one before that.',
  untested:
    'This program is not tested with this exchange, and cannot see what the key may do: make sure that it can only read, and compare the figures with those of the exchange.',
};

/** The sentence of a warning, with the time at which the key expires. `keyExpires`: ISO text; null if it is not known. */
export function keyWarningText(warning: KeyWarning, keyExpires: string | null): string {
  const text = KEY_WARNINGS[warning];
  return warning === 'expires' && keyExpires !== null
    ? text.replace('The key expires', `The key expires at ${keyExpires}`)
    : text;
}
