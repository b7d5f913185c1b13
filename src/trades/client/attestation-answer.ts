// Reads the answer to `GET /attestation` as it came, and what its document must be bound to. It believes nothing of it.

import { publicJwk } from '../../lib/ed25519.ts';
import { isObject } from '../../lib/is-object.ts';
import type { BoundKeys } from '../domain/attestation.ts';
import { envelopeKeyId } from '../domain/envelope.ts';
import { requireThat } from './refusal.ts';

/** An answer whose form is right. */
export interface ReadAnswer {
  /** As it stands there: perhaps one that is not known. */
  readonly platform: string;
  /** The hardware's document; empty on `none`. */
  readonly document: Uint8Array;
  /** What the document must be bound to. */
  readonly keys: BoundKeys;
  /** Name of the HPKE key: its RFC 7638 thumbprint. */
  readonly hpkeKid: string;
  readonly challenge: string;
  readonly challengeExpiresMs: number;
}

/** Characters of a document in base64url. */
const DOCUMENT_CHARACTERS_MAX = 131_072;

const KEY_BYTES = 32;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
const DIGEST = /^[0-9a-f]{64}$/;
const WORD = /^[!-~]{1,256}$/;

/** Reads a parsed answer. Throws `RefusedError` of the kind `malformed`. */
export function readAttestationAnswer(answer: unknown): ReadAnswer {
  requireForm(isObject(answer) && answer['v'] === 1);
  const { platform, document, hpke, signing, version, config_digest: configDigest } = answer;
  requireForm(typeof platform === 'string' && WORD.test(platform));
  requireForm(typeof document === 'string' && document.length <= DOCUMENT_CHARACTERS_MAX);
  requireForm(isObject(hpke) && hpke['kem'] === 32 && hpke['kdf'] === 1 && hpke['aead'] === 2);
  const hpkePublicKey = readKey(hpke['public_key']);
  const hpkeKid = envelopeKeyId(hpkePublicKey);
  requireForm(hpke['kid'] === hpkeKid);
  requireForm(isObject(signing) && isObject(signing['jwk']));
  const { kty, crv, x, kid } = signing['jwk'];
  const signingPublicKey = readKey(x);
  const own = publicJwk(signingPublicKey);
  requireForm(kty === own.kty && crv === own.crv && kid === own.kid && signing['kid'] === own.kid);
  requireForm(typeof version === 'string' && WORD.test(version));
  requireForm(typeof configDigest === 'string' && DIGEST.test(configDigest));
  const { challenge, challenge_expires: expires } = answer;
  requireForm(typeof challenge === 'string' && WORD.test(challenge) && typeof expires === 'string');
  const challengeExpiresMs = Date.parse(expires);
  requireForm(Number.isFinite(challengeExpiresMs));
  return {
    platform,
    document: readBinary(document),
    keys: { configDigest, hpkePublicKey, signingPublicKey, version },
    hpkeKid,
    challenge,
    challengeExpiresMs,
  };
}

function readKey(value: unknown): string {
  requireForm(typeof value === 'string' && readBinary(value).length === KEY_BYTES);
  return value;
}

/** Bytes have one spelling in base64url, without padding; any other is refused. */
function readBinary(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64url');
  requireForm(BASE64URL.test(text) && bytes.toString('base64url') === text);
  return bytes;
}

function requireForm(condition: boolean): asserts condition {
  requireThat(condition, 'malformed', 'The answer is no attestation of an enclave of this program.');
}
