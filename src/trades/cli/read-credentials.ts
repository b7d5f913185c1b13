// Reads the credentials of an exchange account: from files, from standard input, or from a person at the terminal. They
// come from nowhere else, and no message has text of them.

import { readFileSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { askHidden, type Terminal } from '../../cli/hidden-prompt.ts';
import { complain } from '../../cli/output.ts';
import { type Environment, fromCaller } from '../../config/environment.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import type { Credentials } from '../domain/account.ts';

/** Where credentials come from. */
export interface CredentialSources {
  /** Files by member, as the person named them. */
  readonly files: Readonly<Partial<Record<SecretName, string | undefined>>>;
  /** True if standard input has a JSON object of them. */
  readonly isInput: boolean;
  readonly exchange: string;
  /** Members that are no secrets. */
  readonly open: Readonly<Partial<Record<'uid' | 'walletAddress', string | undefined>>>;
}

/** A secret member of {@link Credentials}. */
export type SecretName = 'apiKey' | 'secret' | 'password' | 'privateKey';

/** Length of a file with a secret, and of standard input, in bytes. */
const SECRET_BYTES_MAX = 16_384;
const READABLE_BY_OTHERS = 0o044;

const ASKED: readonly (readonly [SecretName, string, (exchange: string) => boolean])[] = [
  ['apiKey', 'API key', () => true],
  ['secret', 'Secret', () => true],
  [
    'password',
    'Password of the API key',
    (exchange) => /^(?:okx|myokx|kucoin|kucoinfutures|bitget|coinbaseexchange)$/.test(exchange),
  ],
  ['privateKey', 'Private key', (exchange) => exchange === 'hyperliquid'],
];

/** Reads them. Errors: `usage`, `not_found`. */
export async function readCredentials(sources: CredentialSources, env: Environment): Promise<Credentials> {
  const found: Partial<Record<keyof Credentials, string>> = { ...readOpen(sources.open) };
  if (sources.isInput) Object.assign(found, await readInput());
  for (const [name, question, isNeeded] of ASKED) {
    const file = sources.files[name];
    if (file !== undefined) found[name] = readSecretFile(fromCaller(env, file));
    else if (found[name] === undefined && isNeeded(sources.exchange)) found[name] = await ask(question);
  }
  const { apiKey = '', secret = '', ...others } = found;
  if (apiKey.length < 10 || secret.length < 10) {
    throw new CodedError('usage', 'The API key and the secret have at least 10 characters each.');
  }
  return { apiKey, secret, ...others };
}

function readOpen({ uid, walletAddress }: CredentialSources['open']) {
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(walletAddress === undefined ? {} : { walletAddress }),
  };
}

function ask(question: string): Promise<string> {
  if (!isatty(process.stdin.fd)) {
    throw new CodedError(
      'usage',
      `${question} is missing, and there is no terminal to ask at: name a file. --help lists the options.`,
    );
  }
  const terminal: Terminal = { input: process.stdin, show: complain };
  return askHidden(terminal, question);
}

/** Without the line end that editors add. */
function readSecretFile(path: string): string {
  try {
    const { size, mode } = statSync(path);
    if (size > SECRET_BYTES_MAX) throw new CodedError('usage', `${path} is too long for a secret.`);
    if ((mode & READABLE_BY_OTHERS) !== 0) {
      complain(
        `Other users may read ${path}: run "chmod 600 ${path}", and delete it when it is not needed.\n`,
      );
    }
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const why = errorCode(error) ?? 'an unknown error';
    throw new CodedError('not_found', `${path} cannot be read (${why}).`, { cause: error });
  }
}

async function readInput(): Promise<Partial<Record<SecretName, string>>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const part = Buffer.from(chunk as Uint8Array);
    bytes += part.length;
    if (bytes > SECRET_BYTES_MAX) throw new CodedError('usage', 'Standard input is too long for secrets.');
    chunks.push(part);
  }
  return secretsIn(Buffer.concat(chunks).toString('utf8'));
}

function secretsIn(text: string): Partial<Record<SecretName, string>> {
  const wrong = new CodedError(
    'usage',
    'Standard input must be a JSON object of texts: apiKey, secret and, where the exchange has them, password and privateKey.',
  );
  let value: unknown;
  try {
    // A shell may put a mark of the byte order in front.
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw wrong;
  }
  const names = ASKED.map(([name]) => name);
  const isRight =
    isObject(value) &&
    Object.entries(value).every(
      ([name, each]) => names.some((known) => known === name) && typeof each === 'string',
    );
  if (!isRight) throw wrong;
  return value as Partial<Record<SecretName, string>>;
}
