// `aggregator register-user`: registers an exchange account with an enclave. The enclave proves itself first, secrets are
// read from files or from the terminal and sealed for its keys, and the session's token goes into a file.

import { type Command, command } from '../../cli/command.ts';
import { type CommandLine, flag, option } from '../../cli/command-line.ts';
import { print } from '../../cli/output.ts';
import { rowsText } from '../../cli/screen.ts';
import { type Environment, fromCaller } from '../../config/environment.ts';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { enclaveUrlOf } from '../client/enclave-url.ts';
import { SecureClient, type UserSession } from '../client/secure-client.ts';
import { keyWarningText } from '../domain/account-reasons.ts';
import { ATTESTATION_OPTIONS, policyOf } from './attestation-options.ts';
import { endSession, showSession } from './own-session.ts';
import { readCredentials } from './read-credentials.ts';
import { REGISTRATION_OPTIONS, registrationOf, timeOf } from './registration-options.ts';
import { refuseSecretOptions } from './secret-options.ts';
import { readSession, requireNoFile, writeSession } from './session-file.ts';
import { attestedText, showAttestation } from './show-attestation.ts';

const OPTIONS = {
  ...REGISTRATION_OPTIONS,
  'enclave-url': option('URL', 'address of the enclave; default http://127.0.0.1:3000'),
  'service-url': option('URL', 'address of the service, whose port 5000 becomes 3000'),
  'allow-http': flag('take http: for another machine too, although the session token can be read on the way'),
  'api-key-file': option('FILE', 'the API key; without it you are asked for it, unseen'),
  'secret-file': option('FILE', 'the secret; without it you are asked for it, unseen'),
  'password-file': option('FILE', 'the password of the API key, for exchanges that have one'),
  'private-key-file': option('FILE', 'the private key, for exchanges that have one'),
  'secrets-stdin': flag('read the secrets from standard input: a JSON object with apiKey and secret'),
  ...ATTESTATION_OPTIONS,
  'attestation-only': flag('show what the enclave proves, and register nothing'),
  'attestation-file': option(
    'FILE',
    'with --attestation-only: judge what --attestation-only --json printed, instead of asking',
  ),
  at: option('TIME', 'with --attestation-file: judge it at this time, for example 2026-01-01T00:00:00Z'),
  'session-file': option(
    'FILE',
    'where the session token goes, readable by you only; default session-<id>.json',
  ),
  continues: option('FILE', "session file of the account's earlier key, so that the account continues"),
  status: option('FILE', "show the account's figures, by its session file"),
  end: option('FILE', 'end the session of this file: the enclave forgets the key'),
  json: flag('print JSON'),
} as const;

type Values = CommandLine<typeof OPTIONS>['values'];

const registering = command({
  about:
    'Registers an exchange account with an enclave, which then reads its trades. The enclave must first prove what runs in it; only then are you asked for the keys, which are sealed so that nothing but this enclave can open them. Make a key that can only read, and bind it to the address of the enclave.\n\nSecrets are never arguments: they are asked for without being shown, or read from files. The token of the session is written to a file and never printed.',
  options: OPTIONS,
  exit: '0 done; 1 refused, by this command or by the enclave; 2 usage, or no answer.',
  run({ values }, env) {
    const modes = ['attestation-only', 'status', 'end'] as const;
    if (modes.filter((name) => values[name] !== undefined && values[name] !== false).length > 1) {
      throw new CodedError('usage', `Give only one of ${modes.map((name) => `--${name}`).join(', ')}.`);
    }
    if (values.status !== undefined) return showSession(fromCaller(env, values.status));
    if (values.end !== undefined) return endSession(fromCaller(env, values.end));
    return values['attestation-only'] ? attest(values, env) : register(values, env);
  },
});

/** The command `register-user`. */
export const registerUserCommand: Command = {
  shape: () => registering.shape(),
  run(call) {
    refuseSecretOptions(call.args);
    return registering.run(call);
  },
};

function clientOf(values: Values, env: Environment) {
  const url = enclaveUrlOf({
    enclaveUrl: values['enclave-url'],
    serviceUrl: values['service-url'],
    allowsHttp: values['allow-http'],
  });
  const policy = policyOf(values, env);
  return { url, policy, client: new SecureClient({ url, policy, clock: systemClock }) };
}

function attest(values: Values, env: Environment): Promise<number> {
  const { client, policy } = clientOf(values, env);
  const file = values['attestation-file'];
  if (values.at !== undefined && file === undefined) {
    throw new CodedError('usage', '--at is for a saved answer: name it with --attestation-file.');
  }
  return showAttestation(client, {
    policy,
    file: file === undefined ? null : fromCaller(env, file),
    atMs: values.at === undefined ? null : timeOf(values.at, 'at'),
    isJson: values.json,
  });
}

async function register(values: Values, env: Environment): Promise<number> {
  const { url, client } = clientOf(values, env);
  const { options, ...registration } = registrationOf(values);
  const given = values['session-file'];
  if (given !== undefined) requireNoFile(fromCaller(env, given));
  const earlierToken = tokenOf(values.continues, url, env);
  // Nobody is asked for a secret on behalf of an enclave that proves nothing.
  const { verdict } = await client.attest();
  if (verdict.type === 'refused') throw new CodedError('not_attested', verdict.reason);
  const credentials = await readCredentials(
    {
      files: {
        apiKey: values['api-key-file'],
        secret: values['secret-file'],
        password: values['password-file'],
        privateKey: values['private-key-file'],
      },
      isInput: values['secrets-stdin'],
      exchange: registration.exchange,
      open: { uid: values.uid, walletAddress: values['wallet-address'] },
    },
    env,
  );
  const session = await client.register({
    ...registration,
    sealed: { ...options, ...credentials },
    ...(earlierToken === null ? {} : { earlierToken }),
  });
  const file = fromCaller(env, given ?? `session-${session.sessionId}.json`);
  await keep(file, { url, exchange: registration.exchange, session, client });
  print(values.json ? jsonOf(session, file) : textOf(session, file));
  return 0;
}

function tokenOf(file: string | undefined, url: string, env: Environment): string | null {
  if (file === undefined) return null;
  const earlier = readSession(fromCaller(env, file));
  if (earlier.url === url) return earlier.sessionToken;
  throw new CodedError('usage', '--continues names a session of another enclave.');
}

/** A session whose token is lost could not be ended by its owner. */
async function keep(
  file: string,
  {
    url,
    exchange,
    session,
    client,
  }: {
    readonly url: string;
    readonly exchange: string;
    readonly session: UserSession;
    readonly client: SecureClient;
  },
): Promise<void> {
  try {
    requireNoFile(file);
    writeSession(file, { url, exchange, ...session });
  } catch (error) {
    await client.end(session.sessionToken);
    throw error;
  }
}

function textOf({ sessionId, expiresAt, attested, warnings, keyExpires }: UserSession, file: string): string {
  const rows = rowsText([
    ['session', sessionId],
    ['until', expiresAt],
    ['token in', file],
    ...warnings.map((word) => ['warning', keyWarningText(word, keyExpires)] as const),
  ]);
  return rows + attestedText(attested);
}

function jsonOf({ sessionId, expiresAt, attested, warnings, keyExpires }: UserSession, file: string): string {
  const { platform, measured } = attested;
  return `${JSON.stringify({ sessionId, expiresAt, sessionFile: file, platform, measured, warnings, keyExpires })}\n`;
}
