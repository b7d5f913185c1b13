// Reads an X.509 certificate into what a chain of trust is judged by. It judges nothing but the form; a critical
// extension that it does not know makes the form unknown.

import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  DerError,
  type DerValue,
  objectIdOf,
  readDer,
  requireTag,
  smallIntegerOf,
  TAG,
  valuesIn,
} from './der.ts';

/** A certificate of version 3. */
export interface Certificate {
  readonly der: Uint8Array;
  /** The bytes under the signature. */
  readonly signedBytes: Uint8Array;
  /** The AlgorithmIdentifier of the signature in DER, as hex. */
  readonly algorithm: string;
  readonly signature: Uint8Array;
  /** The issuer's name in DER, as hex. */
  readonly issuer: string;
  /** The subject's name in DER, as hex. */
  readonly subject: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: KeyObject;
  /** True if it may sign certificates, by its basic constraints. */
  readonly isAuthority: boolean;
  /** Authorities that may stand between it and a leaf; null if any number. */
  readonly pathLength: number | null;
  /** First octet of the key usage; null without that extension. */
  readonly keyUsage: number | null;
  /** Contents of the extensions by identifier. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
}

/** Bits of {@link Certificate.keyUsage}. */
export const KEY_USAGE = { digitalSignature: 0x80, certificateSign: 0x04 } as const;

/** Length of a certificate, in bytes. */
const CERTIFICATE_BYTES_MAX = 8_192;

const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE_ID = '2.5.29.15';
/** Extensions that may be critical: those that are read here. */
const KNOWN_CRITICAL: ReadonlySet<string> = new Set([BASIC_CONSTRAINTS, KEY_USAGE_ID]);

const VERSION_TAG = 0xa0;
const EXTENSIONS_TAG = 0xa3;
const VERSION_3 = 2;

/** Reads one X.509 certificate (version 3). Throws {@link DerError} for bytes that are not one. */
export function readCertificate(der: Uint8Array): Certificate {
  if (der.length > CERTIFICATE_BYTES_MAX) throw new DerError('a certificate is too long');
  const [signed, algorithm, signature, ...others] = valuesIn(readDer(der, TAG.sequence));
  if (others.length > 0) throw new DerError('a certificate has more than three parts');
  const body = requireTag(signed, TAG.sequence);
  const [version, serial, inner, issuer, validity, subject, key, ...rest] = valuesIn(body);
  const [number] = valuesIn(requireTag(version, VERSION_TAG));
  if (smallIntegerOf(requireTag(number, TAG.integer)) !== VERSION_3) throw new DerError('not version 3');
  requireTag(serial, TAG.integer);
  const identifier = hex(requireTag(algorithm, TAG.sequence));
  if (hex(requireTag(inner, TAG.sequence)) !== identifier) throw new DerError('two signature algorithms');
  const [notBefore, notAfter] = valuesIn(requireTag(validity, TAG.sequence));
  const [list, ...unknown] = rest;
  if (unknown.length > 0) throw new DerError('a certificate has unknown parts');
  const extensions = list === undefined ? new Map<string, Uint8Array>() : extensionsIn(list);
  return {
    der,
    signedBytes: body.whole,
    algorithm: identifier,
    signature: bitsOf(requireTag(signature, TAG.bitString)),
    issuer: hex(requireTag(issuer, TAG.sequence)),
    subject: hex(requireTag(subject, TAG.sequence)),
    notBeforeMs: timeOf(notBefore),
    notAfterMs: timeOf(notAfter),
    publicKey: publicKeyOf(requireTag(key, TAG.sequence)),
    ...constraintsIn(extensions.get(BASIC_CONSTRAINTS)),
    keyUsage: usageIn(extensions.get(KEY_USAGE_ID)),
    extensions,
  };
}

function extensionsIn(list: DerValue): ReadonlyMap<string, Uint8Array> {
  const extensions = new Map<string, Uint8Array>();
  const [sequence, ...others] = valuesIn(requireTag(list, EXTENSIONS_TAG));
  if (others.length > 0) throw new DerError('two lists of extensions');
  for (const extension of valuesIn(requireTag(sequence, TAG.sequence))) {
    const parts = valuesIn(requireTag(extension, TAG.sequence));
    const id = objectIdOf(requireTag(parts[0], TAG.objectId));
    const isCritical = parts.length === 3 && isTrue(requireTag(parts[1], TAG.boolean));
    if (parts.length > 3 || extensions.has(id))
      throw new DerError('an extension has an unknown form, or is repeated');
    if (isCritical && !KNOWN_CRITICAL.has(id)) throw new DerError('a critical extension is unknown');
    extensions.set(id, requireTag(parts.at(-1), TAG.octetString).content);
  }
  return extensions;
}

function constraintsIn(extension: Uint8Array | undefined): Pick<Certificate, 'isAuthority' | 'pathLength'> {
  if (extension === undefined) return { isAuthority: false, pathLength: null };
  const [authority, length, ...others] = valuesIn(readDer(extension, TAG.sequence));
  if (others.length > 0) throw new DerError('basic constraints have unknown parts');
  return {
    isAuthority: authority !== undefined && isTrue(requireTag(authority, TAG.boolean)),
    pathLength: length === undefined ? null : smallIntegerOf(requireTag(length, TAG.integer)),
  };
}

function usageIn(extension: Uint8Array | undefined): number | null {
  if (extension === undefined) return null;
  const { content } = readDer(extension, TAG.bitString);
  const [, bits = 0] = content;
  return bits;
}

/** An absent flag is false, and DER writes none that is false; some issuers of attestations write it. */
function isTrue({ content }: DerValue): boolean {
  const [value] = content;
  if (content.length !== 1 || (value !== 0 && value !== 0xff))
    throw new DerError('a flag is neither true nor false');
  return value === 0xff;
}

function bitsOf({ content }: DerValue): Uint8Array {
  if (content[0] !== 0) throw new DerError('a bit string is no string of bytes');
  return content.subarray(1);
}

function timeOf(value: DerValue | undefined): number {
  if (value === undefined) throw new DerError('a time is missing');
  const text = Buffer.from(value.content).toString('latin1');
  const pattern = value.tag === TAG.utcTime ? /^\d{12}Z$/ : /^\d{14}Z$/;
  const isTime = value.tag === TAG.utcTime || value.tag === TAG.generalizedTime;
  if (!isTime || !pattern.test(text)) throw new DerError('a time has another form');
  const century = Number(text.slice(0, 2)) < 50 ? '20' : '19';
  const digits = value.tag === TAG.utcTime ? `${century}${text}` : text;
  const [year, month, day, hour, minute, second] = digits.match(/^\d{4}|\d{2}/g) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  const timeMs = Date.parse(iso);
  if (Number.isNaN(timeMs)) throw new DerError('a time is none');
  return timeMs;
}

function publicKeyOf({ whole }: DerValue): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(whole), format: 'der', type: 'spki' });
  } catch (error) {
    throw new DerError('a public key is none', { cause: error });
  }
}

function hex({ whole }: DerValue): string {
  return Buffer.from(whole).toString('hex');
}
