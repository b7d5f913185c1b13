// Judges a chain of certificates: from a root that is pinned by its fingerprint to the leaf that signed a document. It
// asks no revocation list: the chain must be short-lived, or its root trusted to say so.

import { constants, createHash, type KeyObject, verify } from 'node:crypto';
import { type Certificate, KEY_USAGE, readCertificate } from './certificate.ts';
import { RefusedError, requireThat } from './refusal.ts';

/** One way to sign certificates. */
interface SignatureScheme {
  /** The AlgorithmIdentifier in DER, as hex: no other spelling is taken. */
  readonly algorithm: string;
  isKey(key: KeyObject): boolean;
  verify(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean;
}

/** ECDSA on P-384 with SHA-384, as Nitro signs. */
export const ECDSA_P384: SignatureScheme = {
  algorithm: '300a06082a8648ce3d040303',
  isKey: isP384,
  verify: (key, data, signature) => verify('sha384', data, { key, dsaEncoding: 'der' }, signature),
};

/** Salt of RSA-PSS, in bytes. */
const SALT_BYTES = 48;

/** RSA-PSS with SHA-384, MGF1 with SHA-384 and 48 bytes of salt, as AMD signs. */
export const RSA_PSS_SHA384: SignatureScheme = {
  algorithm:
    '304606092a864886f70d01010a3039a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130a303020101',
  isKey: (key) => key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2_048,
  verify: (key, data, signature) =>
    verify(
      'sha384',
      data,
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES },
      signature,
    ),
};

/** What a chain must be. */
export interface ChainRules {
  readonly scheme: SignatureScheme;
  /** When every certificate must be valid, in ms since 1970. */
  readonly atMs: number;
  /** SHA-256 of the roots in DER, lower-case hex. */
  readonly trustedRoots: readonly string[];
  /** True if the leaf must have the extension that lets it sign. */
  readonly leafNeedsUsage: boolean;
}

/** Certificates of a chain, root and leaf included. */
const CHAIN_LENGTH_MAX = 8;

/**
 * The certificates in DER, root first, leaf last, if the chain holds: at least a root and a leaf. Throws
 * {@link RefusedError}.
 */
export function verifyChain(ders: readonly Uint8Array[], rules: ChainRules): readonly Certificate[] {
  requireThat(
    ders.length >= 2 && ders.length <= CHAIN_LENGTH_MAX,
    'broken_chain',
    'The chain of certificates is too short or too long.',
  );
  const chain = ders.map(read);
  const root = chain[0] as Certificate;
  requireThat(
    rules.trustedRoots.includes(fingerprintOf(root.der)),
    'untrusted_root',
    'The chain of certificates does not begin at the root of the manufacturer.',
  );
  let issuer = root;
  for (const [index, certificate] of chain.entries()) {
    requireValid(certificate, rules.atMs);
    requireIssuedBy(certificate, issuer, rules.scheme);
    if (index < chain.length - 1) requireAuthority(certificate, chain.length - 2 - index);
    issuer = certificate;
  }
  requireLeaf(issuer, rules.leafNeedsUsage);
  return chain;
}

/** SHA-256 of a certificate, in lower-case hex. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** True for a public key on the curve P-384. */
export function isP384(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'secp384r1';
}

function read(der: Uint8Array): Certificate {
  try {
    return readCertificate(der);
  } catch (error) {
    throw new RefusedError('malformed', 'A certificate of the attestation cannot be read.', { cause: error });
  }
}

function requireValid({ notBeforeMs, notAfterMs }: Certificate, atMs: number): void {
  requireThat(
    notBeforeMs <= atMs && atMs <= notAfterMs,
    'expired',
    'A certificate of the attestation is not valid at the time of the document.',
  );
}

function requireIssuedBy(certificate: Certificate, issuer: Certificate, scheme: SignatureScheme): void {
  const { algorithm, signedBytes, signature } = certificate;
  const isIssued =
    certificate.issuer === issuer.subject &&
    algorithm === scheme.algorithm &&
    scheme.isKey(issuer.publicKey) &&
    scheme.verify(issuer.publicKey, signedBytes, signature);
  requireThat(
    isIssued,
    'broken_chain',
    'A certificate of the attestation was not signed by the one above it.',
  );
}

function requireAuthority({ isAuthority, pathLength, keyUsage }: Certificate, below: number): void {
  const maySign = keyUsage !== null && (keyUsage & KEY_USAGE.certificateSign) !== 0;
  requireThat(
    isAuthority && maySign && (pathLength === null || pathLength >= below),
    'broken_chain',
    'A certificate of the attestation may not sign the ones below it.',
  );
}

function requireLeaf({ isAuthority, keyUsage }: Certificate, needsUsage: boolean): void {
  const maySign = keyUsage === null ? !needsUsage : (keyUsage & KEY_USAGE.digitalSignature) !== 0;
  requireThat(
    !isAuthority && maySign,
    'broken_chain',
    'The last certificate of the attestation may not sign documents.',
  );
}
