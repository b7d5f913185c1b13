// `aggregator verify`: takes a published message from the broker or a file, and the keys from an aggregator or a file,
// and checks whether one of the keys signed the message. It trusts only the source of the keys.

import { readFileSync, writeFileSync } from 'node:fs';
import { VERIFY_OPTIONS } from './verify-options.ts';
import { readSettings } from '../config/settings.ts';
import { ownBrokerUrls, ownHttpUrl } from '../config/own-urls.ts';
import { connectBroker, type NatsOptions } from '../../io/nats.ts';
import { KEY_ID_HEADER, SIGNATURE_HEADER } from '../domain/message-signature.ts';
import { CodedError } from '../../lib/errors.ts';
import { isSignature, thumbprint } from '../../lib/ed25519.ts';
import { command } from '../../cli/command.ts';
import { type KeySource, noKeyIn, readKeySource } from '../../cli/key-source.ts';
import { fromCaller } from '../../config/environment.ts';
import { readQuantity } from '../../cli/number-option.ts';
import { print } from '../../cli/output.ts';
import { systemClock } from '../../lib/clock.ts';
import { isObject } from '../../lib/is-object.ts';

/** A message in the format of a saved file. */
interface SignedMessage {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

/** Returns the reason why a message is not genuine; null if it is genuine. */
function fault(message: SignedMessage, keys: ReadonlyMap<string, string>): string | null {
  const keyId = message.headers[KEY_ID_HEADER];
  const signature = message.headers[SIGNATURE_HEADER];
  if (keyId === undefined || signature === undefined) return 'it is not signed';
  const x = keys.get(keyId);
  if (x === undefined) return 'it names a key that is not in the set';
  return isSignature(x, Buffer.from(message.payload), signature)
    ? null
    : 'the signature does not match: somebody changed the message, or another key signed it';
}

/** Claims inside the signed payload: the signature covers neither the subject nor the time of arrival. */
interface Claims {
  readonly timestamp: string | null;
  readonly aggregatorId: string | null;
}
const NO_CLAIMS: Claims = { timestamp: null, aggregatorId: null };

function claimsOf(payload: string): Claims {
  const value = parseJson(payload, 'The payload');
  if (!isObject(value)) return NO_CLAIMS;
  const text = (name: string) => (typeof value[name] === 'string' ? value[name] : null);
  return { timestamp: text('timestamp'), aggregatorId: text('aggregatorId') };
}

/** ` (12 s old)` by this machine's clock. Old statistics can be genuine, but someone may have sent them again. */
function ageOf(timestamp: string | null): string {
  const seconds = Math.round((systemClock.nowMs() - Date.parse(timestamp ?? '')) / 1000);
  if (Number.isNaN(seconds)) return '';
  return seconds < 0
    ? ` (${-seconds} s in the future: the clock of the signer or of this machine is wrong)`
    : ` (${seconds} s old)`;
}

async function listen(nats: NatsOptions, subject: string, timeoutMs: number): Promise<SignedMessage> {
  const waited = AbortSignal.timeout(timeoutMs);
  let reason = 'the broker sent none';
  const parts = {
    onConnected: () => undefined,
    onDisconnected: () => undefined,
    onUnreachable: (why: string) => {
      reason = why;
    },
    // If the broker refuses the subscription, the subscription's callback gets the error too.
    onRefused: () => undefined,
  };
  const connection = await connectBroker('truebit-aggregator-verify', nats, parts, waited);
  const nothing = () =>
    new CodedError('not_found', `No message came on ${subject} within ${timeoutMs / 1000} s (${reason}).`);
  if (connection === null) throw nothing();
  try {
    return await new Promise((resolve, reject) => {
      waited.addEventListener('abort', () => reject(nothing()));
      connection.subscribe(subject, {
        max: 1,
        callback: (error, message) => {
          if (error !== null) {
            reject(
              new CodedError('not_found', `The broker does not allow this user to subscribe to ${subject}.`),
            );
            return;
          }
          const headers: Record<string, string> = {};
          for (const name of [KEY_ID_HEADER, SIGNATURE_HEADER]) {
            const value = message.headers?.get(name) ?? '';
            if (value !== '') headers[name] = value;
          }
          resolve({ subject: message.subject, headers, payload: Buffer.from(message.data).toString('utf8') });
        },
      });
    });
  } finally {
    await connection.close();
  }
}

function readMessage(file: string): SignedMessage {
  const value = parseJson(readText(file), file);
  if (isObject(value) && isObject(value['headers']) && typeof value['payload'] === 'string') {
    const headers: Record<string, string> = {};
    for (const [name, text] of Object.entries(value['headers']))
      if (typeof text === 'string') headers[name] = text;
    const subject = typeof value['subject'] === 'string' ? value['subject'] : file;
    return { subject, headers, payload: value['payload'] };
  }
  throw new CodedError('not_genuine', `${file} does not contain a message: {"subject","headers","payload"}.`);
}

/** Reads the Ed25519 keys of a set by thumbprint, computed from the key: the set's own key ids are not trusted. */
function keysOf(source: KeySource): ReadonlyMap<string, string> {
  const value = parseJson(source.text, source.where);
  const keys = new Map<string, string>();
  for (const key of isObject(value) && Array.isArray(value['keys']) ? (value['keys'] as unknown[]) : []) {
    if (isObject(key) && key['crv'] === 'Ed25519' && typeof key['x'] === 'string')
      keys.set(thumbprint(key['x']), key['x']);
  }
  if (keys.size === 0) throw noKeyIn(source);
  return keys;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CodedError('not_found', `The file ${file} cannot be read.`, { cause: error });
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CodedError('not_genuine', `${where} is not JSON.`, { cause: error });
  }
}

const TIMEOUT_SECONDS = { unit: 'seconds', min: 0.001, max: 86_400, hasDecimals: true } as const;

/** The command `verify`. */
export const verifyCommand = command({
  about:
    "Waits for the next statistics on the broker, or reads a message from a file, and says whether an aggregator's key signed it.\n\nThe broker is that of NATS_URL and its settings; default EMBEDDED_NATS_HOST and EMBEDDED_NATS_PORT, else nats://127.0.0.1:4222.",
  options: VERIFY_OPTIONS,
  exit: '0 genuine; 1 not genuine, or no message; 2 usage.',
  async run({ values }, env) {
    const seconds = readQuantity('timeout', values.timeout, TIMEOUT_SECONDS);
    const { nats } = readSettings(env).settings;
    const { urls, ...credentials } = nats;
    const options = { ...credentials, servers: urls ?? ownBrokerUrls(env), inboxPrefix: null };
    const keys = keysOf(await readKeySource(values.keys, env, { url: () => ownHttpUrl(env), remedy: '' }));
    const message =
      values.file === undefined
        ? await listen(options, values.subject, seconds * 1000)
        : readMessage(fromCaller(env, values.file));
    if (values.save !== undefined)
      writeFileSync(fromCaller(env, values.save), `${JSON.stringify(message)}\n`);
    return say(message, fault(message, keys), values.json);
  },
});

/**
 * Prints the verdict and returns the exit code. `why` is the reason why the message is not genuine; null if it is
 * genuine.
 */
function say(message: SignedMessage, why: string | null, isJson: boolean): number {
  const keyId = message.headers[KEY_ID_HEADER] ?? null;
  const claims = why === null ? claimsOf(message.payload) : NO_CLAIMS;
  if (isJson) {
    print(
      `${JSON.stringify({ genuine: why === null, reason: why, subject: message.subject, keyId, ...claims })}\n`,
    );
    return why === null ? 0 : 1;
  }
  if (why !== null) throw new CodedError('not_genuine', `Not genuine: ${why}.`);
  print(`genuine: ${message.subject}, signed with ${keyId ?? ''}\n`);
  print(
    `by ${claims.aggregatorId ?? 'an unknown aggregator'} at ${claims.timestamp ?? 'an unknown time'}${ageOf(claims.timestamp)}\n`,
  );
  return 0;
}
