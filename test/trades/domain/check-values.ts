// The check values of docs/trades.md: the key of RFC 8032, 7.1, test 1, two payloads, and what is signed of them.

import { createPrivateKey } from 'node:crypto';
import { publicJwk } from '../../../src/lib/ed25519.ts';
import type { VerificationKeys } from '../../../src/trades/domain/verification-key.ts';
import type { SigningKey } from '../../../src/trades/sinks/signer.ts';

export const X = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
export const D = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A';
export const KID = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k';

export const SIGNING_KEY: SigningKey = {
  privateKey: createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x: X, d: D }, format: 'jwk' }),
  publicKey: publicJwk(X),
};

export const KEYS: VerificationKeys = new Map([[KID, { x: X, provenance: null }]]);

export const FIRST = {
  text: '{"client_id":"test-client-1","connector_version":"0.2.0","exchange":"mock","hourly_buckets":[{"fees_usd":3,"return_pct":1,"t":"2025-01-01T00:00:00.000Z","trades":2,"volume_base":0.2,"volume_quote":10050},{"fees_usd":2,"return_pct":0,"t":"2025-01-01T01:00:00.000Z","trades":1,"volume_base":0.2,"volume_quote":10200}],"period_end":"2025-01-01T02:00:00.000Z","period_start":"2025-01-01T00:00:00.000Z","totals":{"fees_usd":5,"trades":3,"volume_base":0.4,"volume_quote":20250}}',
  digest: 'f98717fd42de641ce82f85d7617aef66c05d234c09e3d4eace28ff1266d41b95',
  signature: '7CCZFdcUkjC8pQbsrQcsSi42ZpnYMc9JyN+7J4X5POLOoJvro4L9vhHgJz5Q5MwK5I5nGBOw7q1XyJRRJfy/Cw==',
};

export const SECOND = {
  text: `{"client_id":"test-client-1","connector_version":"0.2.0","exchange":"binance","hourly_buckets":[{"fees_usd":-2.5e-7,"return_pct":-0.5,"t":"2025-01-01T00:00:00.000Z","trades":1,"volume_base":5e-7,"volume_quote":0.025}],"metadata":{"key_id":"${KID}","provenance":"polled","return_basis":"realized_fifo","schema":1,"seq":7},"period_end":"2025-01-01T01:00:00.000Z","period_start":"2025-01-01T00:00:00.000Z","totals":{"fees_usd":-2.5e-7,"trades":1,"volume_base":5e-7,"volume_quote":0.025}}`,
  digest: 'c7a38615f0704982f4e48df7e26e7df60a16b8162e51d4b0d1b75ae2c7141f81',
  signature: '/o8pTiQkMWPaZ6PDndkMPN25IWCaDrzKxM/lGrBs/Ozhr2bcsh6gaDE7bo86Z9cZB8c51FjM2Uik4NOYZvmMBQ==',
  plain: {
    digest: 'aaaec21ad04b3e0c81580b76cc8cb64932d87a255000c6621f21fb87b46f528b',
    signature: 'pw+PyqSWUIIWso5NE5hEF0VCrAD8/wHkvHvr5k1ePFpXYAC4g0tK3BGDHNyDMjHOBLWulZWj4hLUOG10qZ7+Dg==',
  },
};
