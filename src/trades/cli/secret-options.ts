// Refuses secrets in arguments: every user of the machine can read them in the list of processes, and a shell keeps them
// in its history. Whoever gave one should think it known.

import { CodedError } from '../../lib/errors.ts';

/** Names of options that would hold a secret, without dashes and in lower case. */
const SECRETS: ReadonlySet<string> = new Set([
  'apikey',
  'apisecret',
  'credentials',
  'key',
  'passphrase',
  'password',
  'privatekey',
  'secret',
  'secretkey',
  'sessiontoken',
  'token',
]);

/** Refuses arguments of which one looks like a secret. Errors: `usage`; the sentence repeats no value. */
export function refuseSecretOptions(args: readonly string[]): void {
  for (const arg of args) {
    const [, name = ''] = /^-{1,2}([A-Za-z][\w-]*)/.exec(arg) ?? [];
    if (!SECRETS.has(name.replaceAll(/[-_]/g, '').toLowerCase())) continue;
    throw new CodedError(
      'usage',
      `A secret was given as an argument (--${name}), where other users and the history of the shell can read it: revoke this key at the exchange and make another one. Secrets are asked for, or read from files: --help lists the options.`,
    );
  }
}
