// Upstreams for tests: what a pool or a wallet answers, and a submission.

import type { Submission } from '../../../src/mining/domain/submission.ts';
import { json, type Seen } from '../../support/http-servers.ts';

/** The method of JSON-RPC that a request asks for. */
export function methodOf({ body }: Seen): string {
  return /"method":"(\w+)"/.exec(body)?.[1] ?? '';
}

export const SIGNATURE = 'ab'.repeat(32);

/** The text of an information. */
export function informationText(height: number | bigint | string, blockHash: string, more = ''): string {
  return `{"generation_signature":"${SIGNATURE}","base_target":36650387592,"height":${height},"block_hash":"${blockHash}"${more}}`;
}

/** The answer to `get_mining_info`. */
export const information = (height: number | bigint | string, blockHash: string, more = '') =>
  json(`{"jsonrpc":"2.0","id":null,"result":${informationText(height, blockHash, more)}}`);

export const ACCEPTED = json('{"jsonrpc":"2.0","id":1,"result":{"raw_quality":400,"poc_time":7}}');

export const refusal = (code: number, message = 'their words') =>
  json({ jsonrpc: '2.0', id: null, error: { code, message } });

export const SUBMISSION: Submission = {
  blockHash: 'Hash "1"\\ü',
  height: 12_345n,
  generationSignature: 'Ab'.repeat(32),
  baseTarget: 36_650_387_592n,
  accountId: '99BC78BA577A95A11F1A344D4D2AE55F2F857B98',
  seed: 'AFfe'.repeat(16),
  nonce: 2n ** 64n - 1n,
  compression: 3,
  rawQuality: 2n ** 63n,
};
