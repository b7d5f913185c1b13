// The seal key of the enclave, and everything that is derived from it: ids of accounts, the keys of their windows and
// checkpoints, and the key that signs their summaries. It reads no file and runs no command, and shows no key.

import {
  createHmac,
  createPrivateKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { type PublicJwk, publicJwkOf } from '../../../lib/ed25519.ts';
import { CheckpointSealer } from './checkpoint-sealer.ts';

/** Length of the seal key, in bytes. */
export const SEAL_KEY_BYTES = 32;
/** Length of every key that is derived from it, in bytes. */
const DERIVED_KEY_BYTES = 32;
/** What each derived key is for: a key for one purpose says nothing about that for another. */
const PURPOSE = 'perf-aggregator/seal/v1/';
/** Everything of a PKCS#8 Ed25519 private key before its 32 bytes (RFC 8410). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** One seal key. Printing it or turning it into JSON shows only the members that are not secret. */
export class SealKey {
  /** Tells seal keys apart, and nothing about them: 64 hex digits. */
  readonly sealId: string;
  /** True if the key lives in memory only, so that a restart forgets every account. */
  readonly isTemporary: boolean;
  readonly #key: KeyObject;
  readonly #accountKey: Buffer;
  readonly #signingKey: KeyObject;
  readonly #checkpoints: CheckpointSealer;

  /** Takes a copy of the 32 bytes. */
  constructor(bytes: Uint8Array, isTemporary: boolean) {
    if (bytes.length !== SEAL_KEY_BYTES) throw new RangeError('a seal key has 32 bytes');
    this.#key = createSecretKey(bytes);
    this.isTemporary = isTemporary;
    this.sealId = this.#derive('id').toString('hex');
    this.#accountKey = this.#derive('account-id');
    this.#signingKey = ed25519Key(this.#derive('signing'));
    this.#checkpoints = new CheckpointSealer((accountId) => this.#derive('checkpoint', accountId));
  }

  /** A new random key that lives in memory only. */
  static temporary(): SealKey {
    return new SealKey(randomBytes(SEAL_KEY_BYTES), true);
  }

  /** Seals and opens the states of accounts. */
  get checkpoints(): CheckpointSealer {
    return this.#checkpoints;
  }

  /** The private Ed25519 key of summaries: the same after each restart with the same seal key. */
  get signingKey(): KeyObject {
    return this.#signingKey;
  }

  /** Its public half. */
  get signingJwk(): PublicJwk {
    const jwk = publicJwkOf(this.#signingKey);
    if (jwk === null) throw new TypeError('the signing key is an Ed25519 key');
    return jwk;
  }

  /**
   * The id of the account that the parts name, in order: HMAC-SHA256 as 64 hex digits. Two lists never have one id, and
   * without the seal key nobody can tell whether an id belongs to an account that he guesses.
   */
  accountId(parts: readonly string[]): string {
    return createHmac('sha256', this.#accountKey).update(JSON.stringify(parts)).digest('hex');
  }

  /** The secret of the hashes by which an account remembers its fills: 32 bytes. */
  windowKey(accountId: string): Uint8Array {
    return this.#derive('window', accountId);
  }

  #derive(purpose: string, accountId = ''): Buffer {
    const info = `${PURPOSE}${purpose}\0${accountId}`;
    return Buffer.from(hkdfSync('sha256', this.#key, new Uint8Array(0), info, DERIVED_KEY_BYTES));
  }
}

function ed25519Key(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' });
}
