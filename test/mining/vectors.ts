// The vectors of mining (vectors.json) with their types; 64-bit values are decimal strings in the file.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ProofClaim } from '../../src/mining/domain/proof-check.ts';

interface VectorFile {
  readonly shabal256: readonly {
    readonly message_hex?: string;
    readonly message_ascii?: string;
    readonly digest: string;
  }[];
  readonly quality_of_scoop: readonly {
    readonly gensig: string;
    readonly scoop: string;
    readonly raw_quality: string;
  }[];
  readonly scoop_number: readonly {
    readonly height: string;
    readonly gensig: string;
    readonly scoop: number;
  }[];
  readonly nonce_buffer_sha256: {
    readonly account: string;
    readonly seed: string;
    readonly start_nonce: number;
    readonly count: number;
    readonly sha256: string;
  };
  readonly raw_quality: readonly {
    readonly account: string;
    readonly seed: string;
    readonly height: number;
    readonly gensig: string;
    readonly compression: number;
    readonly nonce: number;
    readonly raw_quality: string;
  }[];
}

const file = JSON.parse(
  readFileSync(fileURLToPath(new URL('vectors.json', import.meta.url)), 'utf8'),
) as VectorFile;

/** Messages and their Shabal-256. */
export const SHABAL_VECTORS = file.shabal256.map(({ message_hex, message_ascii, digest }) => ({
  message: message_hex === undefined ? Buffer.from(message_ascii ?? '') : Buffer.from(message_hex, 'hex'),
  digest,
}));

export const SCOOP_QUALITY_VECTORS = file.quality_of_scoop.map(({ gensig, scoop, raw_quality }) => ({
  generationSignature: gensig,
  scoop: Buffer.from(scoop, 'hex'),
  rawQuality: BigInt(raw_quality),
}));

export const SCOOP_NUMBER_VECTORS = file.scoop_number.map(({ gensig, height, scoop }) => ({
  generationSignature: gensig,
  height: BigInt(height),
  scoop,
}));

/** True proofs, level 0 included. */
export const PROOF_VECTORS: readonly ProofClaim[] = file.raw_quality.map((vector) => ({
  accountId: vector.account,
  seed: vector.seed,
  nonce: BigInt(vector.nonce),
  compression: vector.compression,
  height: BigInt(vector.height),
  generationSignature: vector.gensig,
  rawQuality: BigInt(vector.raw_quality),
}));

const { account, seed, start_nonce, count, sha256 } = file.nonce_buffer_sha256;
/** Whole nonces in a row, whose hash {@link hashOfNonces} computes. */
export const NONCES_VECTOR = { accountId: account, seed, first: BigInt(start_nonce), count, sha256 };

/** SHA-256 of nonces laid out scoop by scoop, given a function that reads a scoop of the nonce with this index. */
export function hashOfNonces(scoopOf: (index: number, scoop: number) => Uint8Array): string {
  const hash = createHash('sha256');
  for (let scoop = 0; scoop < 4096; scoop++) {
    for (let index = 0; index < count; index++) hash.update(scoopOf(index, scoop));
  }
  return hash.digest('hex');
}
