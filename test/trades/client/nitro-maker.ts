// A Nitro hypervisor of the test's own: a chain as AWS builds it (root, region, zone, instance, enclave), and documents
// that it signs, with whatever is right or wrong about them.

import { createHash, generateKeyPairSync, type KeyPairKeyObjectResult, sign } from 'node:crypto';
import { encode } from 'cborg';
import { certificate, type CertificateText, ECDSA } from './der-writer.ts';

export const AT_MS = Date.parse('2026-03-01T10:00:00Z');
const HOUR_MS = 3_600_000;
const NAMES = ['root', 'region', 'zone', 'instance', 'enclave'] as const;

const keys = NAMES.map(() => generateKeyPairSync('ec', { namedCurve: 'P-384' }));
const keyAt = (level: number) => keys[level] as KeyPairKeyObjectResult;

export type Change = Partial<CertificateText>;

/** The chain in DER, root first. `changes` by name: what is different about one certificate. */
export function makeChain(changes: Partial<Record<(typeof NAMES)[number], Change>> = {}): Buffer[] {
  return NAMES.map((subject, level) =>
    certificate({
      subject,
      issuer: NAMES[Math.max(0, level - 1)] ?? 'root',
      publicKey: keyAt(level).publicKey,
      signingKey: keyAt(Math.max(0, level - 1)).privateKey,
      scheme: ECDSA,
      notBeforeMs: AT_MS - HOUR_MS,
      notAfterMs: AT_MS + 2 * HOUR_MS,
      authority: level < NAMES.length - 1,
      pathLength: level === 0 || level === NAMES.length - 1 ? undefined : 3 - level,
      ...changes[subject],
    }),
  );
}

export const CHAIN = makeChain();
export const rootOf = (chain: readonly Buffer[]) =>
  createHash('sha256')
    .update(chain[0] as Buffer)
    .digest('hex');
export const ROOT = rootOf(CHAIN);

export const pcr = (octet: number) => Buffer.alloc(48, octet);
export const PCRS = [pcr(0xa0), pcr(0xa1), pcr(0xa2)].map((value) => [value.toString('hex')]);

export interface Making {
  readonly chain?: readonly Buffer[];
  /** Members that replace those of a good payload; an undefined one is left out. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly header?: Uint8Array;
  /** What stands in the payload instead of its own encoding. */
  readonly payload?: Uint8Array;
  readonly isTagged?: boolean;
  readonly signature?: (signature: Buffer) => Uint8Array;
}

export const HEADER = encode(new Map([[1, -35]]));

export function payloadOf(
  members: Readonly<Record<string, unknown>>,
  chain: readonly Buffer[] = CHAIN,
): Uint8Array {
  const pcrs = new Map(
    Array.from({ length: 16 }, (_each, number) => [number, pcr(number < 3 ? 0xa0 + number : 0)]),
  );
  const all = {
    module_id: 'i-test-enc1',
    digest: 'SHA384',
    timestamp: AT_MS,
    pcrs,
    certificate: chain.at(-1),
    cabundle: chain.slice(0, -1),
    public_key: null,
    user_data: null,
    nonce: null,
    ...members,
  };
  return encode(new Map(Object.entries(all).filter(([, value]) => value !== undefined)));
}

/** A document, signed with the key of the enclave's certificate. */
export function makeDocument(making: Making = {}): Buffer {
  const { header = HEADER, payload = payloadOf(making.members ?? {}, making.chain) } = making;
  const data = encode(['Signature1', header, new Uint8Array(0), payload]);
  const signature = sign('sha384', data, { key: keyAt(4).privateKey, dsaEncoding: 'ieee-p1363' });
  const parts = [header, new Map(), payload, making.signature?.(signature) ?? signature];
  return Buffer.concat([Buffer.from(making.isTagged === true ? [0xd2] : []), encode(parts)]);
}
