// Reads the body of `POST /enclave/submit_key` as an envelope. Pure. It opens nothing, and no fault repeats what was sent.

import { isObject } from '../../lib/is-object.ts';
import { parseStrict } from '../../lib/strict-json.ts';
import {
  type Envelope,
  ENVELOPE_PLAIN_BYTES_MAX,
  ENVELOPE_TAG_BYTES,
  type EnvelopeMetadata,
} from './envelope.ts';
import { EXCHANGE_FAULT, EXCHANGE_ID } from './registration-members.ts';

/** Longest body, in bytes: the ciphertext in base64url has 21,867 characters at most. */
export const ENVELOPE_BODY_BYTES_MAX = 32_768;
/** Seconds that a session may last. */
export const SESSION_SECONDS = { least: 300, most: 604_800 } as const;
/** What a client of an earlier program is told, who has sent its keys unencrypted. */
export const UNENCRYPTED = 'credentials came unencrypted: revoke this key';

/** Why a body is no envelope. `code` is a word of the answer, `fault` its sentence. */
export interface NoEnvelope {
  readonly code: 'bad_request' | 'unencrypted';
  readonly fault: string;
}

const JSON_BOUNDS = { charactersMax: ENVELOPE_BODY_BYTES_MAX, depthMax: 16, valuesMax: 256 } as const;
const MEMBERS = ['v', 'kid', 'enc', 'ct', 'metadata'] as const;
const METADATA_MEMBERS = ['exchange', 'label', 'ttl', 'challenge'] as const;
/** Members of the earlier envelope, and of credentials that were not sealed at all. */
const UNENCRYPTED_MEMBERS = ['ciphertext', 'tag', 'apiKey', 'secret'] as const;
/** A name for people: printable, perhaps empty. */
const LABEL = /^[^\p{C}\p{Zl}\p{Zp}]{0,64}$/u;
const CHALLENGE = /^[A-Za-z0-9_-]{1,128}$/;
const KEY_BYTES = 32;

/** Reads the text of a body. Members that it does not know are refused: what nobody reads is bound to nothing. */
export function decodeEnvelope(text: string): Envelope | NoEnvelope {
  let body: unknown;
  try {
    body = parseStrict(text, JSON_BOUNDS);
  } catch {
    return wrong('the body must be JSON without repeated members');
  }
  if (!isObject(body)) return wrong('the body must be a JSON object');
  const given = body;
  if (UNENCRYPTED_MEMBERS.some((name) => Object.hasOwn(given, name)))
    return { code: 'unencrypted', fault: UNENCRYPTED };
  if (hasOthers(given, MEMBERS)) return wrong(`the body has a member that is none of ${MEMBERS.join(', ')}`);
  const { v, kid, enc, ct, metadata } = given;
  if (v !== 1) return wrong('v must be 1');
  if (!isBinary(kid, KEY_BYTES, KEY_BYTES)) return wrong('kid must be 32 bytes in base64url');
  if (!isBinary(enc, KEY_BYTES, KEY_BYTES)) return wrong('enc must be 32 bytes in base64url');
  const ctBytesMax = ENVELOPE_PLAIN_BYTES_MAX + ENVELOPE_TAG_BYTES;
  if (!isBinary(ct, ENVELOPE_TAG_BYTES, ctBytesMax))
    return wrong(`ct must be ${ENVELOPE_TAG_BYTES} to ${ctBytesMax} bytes in base64url`);
  const open = decodeMetadata(metadata);
  return 'fault' in open ? open : { v, kid, enc, ct, metadata: open };
}

function decodeMetadata(given: unknown): EnvelopeMetadata | NoEnvelope {
  if (!isObject(given) || hasOthers(given, METADATA_MEMBERS))
    return wrong(`metadata must be an object of ${METADATA_MEMBERS.join(', ')}`);
  const { exchange, label, ttl, challenge } = given;
  if (!isText(exchange, EXCHANGE_ID)) return wrong(`metadata.${EXCHANGE_FAULT}`);
  if (!isText(label, LABEL)) return wrong('metadata.label must be at most 64 printable characters');
  const { least, most } = SESSION_SECONDS;
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < least || ttl > most)
    return wrong(`metadata.ttl must be whole seconds from ${least} to ${most}`);
  if (!isText(challenge, CHALLENGE)) return wrong('metadata.challenge must be that of the attestation');
  return { exchange, label, ttl, challenge };
}

function wrong(fault: string): NoEnvelope {
  return { code: 'bad_request', fault };
}

function hasOthers(given: object, names: readonly string[]): boolean {
  return Object.keys(given).some((name) => !names.includes(name));
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/** Bytes in base64url without padding, in their one spelling. */
function isBinary(value: unknown, least: number, most: number): value is string {
  if (!isText(value, /^[A-Za-z0-9_-]+$/)) return false;
  const bytes = Buffer.from(value, 'base64url');
  return bytes.length >= least && bytes.length <= most && bytes.toString('base64url') === value;
}
