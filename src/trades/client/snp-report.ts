// Reads an attestation report of AMD SEV-SNP (ABI specification 56860) and shows that a given key signed it. What the
// report says is judged elsewhere.

import { type KeyObject, verify } from 'node:crypto';
import { isP384 } from './certificate-chain.ts';
import { requireThat } from './refusal.ts';

/** The fields of a report that are judged. */
export interface SnpReport {
  /** What the hypervisor may do, as a set of bits. */
  readonly policy: bigint;
  /** Privilege level of who asked for the report; 0 is the guest's kernel. */
  readonly vmpl: number;
  /** Which key signed it. */
  readonly signer: 'vcek' | 'vlek';
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  /** 48 bytes in hex. */
  readonly measurement: string;
  /** 8 bytes; their meaning depends on the product. */
  readonly reportedTcb: Uint8Array;
  /** 64 bytes. */
  readonly chipId: Uint8Array;
}

/** Length of a report. */
export const REPORT_BYTES = 1_184;

/** Versions whose fields stand where this file reads them. */
const VERSIONS = { first: 2, last: 5 } as const;
/** The report without its signature. */
const SIGNED_BYTES = 672;
/** ECDSA on P-384 with SHA-384. */
const SIGNATURE_ALGORITHM = 1;
/** A number of the signature: little endian, of which 48 bytes count. */
const SCALAR_BYTES = { written: 72, used: 48 } as const;

const AT = {
  version: 0,
  policy: 8,
  vmpl: 48,
  signatureAlgorithm: 52,
  signerInfo: 72,
  reportData: 80,
  measurement: 144,
  reportedTcb: 384,
  chipId: 416,
} as const;

/** Signing key: bits 2 to 4. Author key and chip key mask: bits 0 and 1. */
const SIGNERS: Readonly<Record<number, SnpReport['signer']>> = { 0: 'vcek', 1: 'vlek' };

/** Reads a report of exactly {@link REPORT_BYTES}. Throws `RefusedError`. */
export function readSnpReport(report: Uint8Array): SnpReport {
  requireThat(report.length === REPORT_BYTES, 'malformed', MALFORMED);
  const view = Buffer.from(report);
  const version = view.readUInt32LE(AT.version);
  requireThat(version >= VERSIONS.first && version <= VERSIONS.last, 'malformed', MALFORMED);
  requireThat(view.readUInt32LE(AT.signatureAlgorithm) === SIGNATURE_ALGORITHM, 'malformed', MALFORMED);
  const signer = SIGNERS[view.readUInt32LE(AT.signerInfo) >>> 2];
  requireThat(signer !== undefined, 'malformed', MALFORMED);
  return {
    policy: view.readBigUInt64LE(AT.policy),
    vmpl: view.readUInt32LE(AT.vmpl),
    signer,
    reportData: view.subarray(AT.reportData, AT.reportData + 64),
    measurement: view.toString('hex', AT.measurement, AT.measurement + 48),
    reportedTcb: view.subarray(AT.reportedTcb, AT.reportedTcb + 8),
    chipId: view.subarray(AT.chipId, AT.chipId + 64),
  };
}

/** Refuses unless the key signed the report. Throws `RefusedError`. */
export function requireSignedReport(report: Uint8Array, key: KeyObject): void {
  const [r, s] = [SIGNED_BYTES, SIGNED_BYTES + SCALAR_BYTES.written].map((at) => {
    const written = report.subarray(at, at + SCALAR_BYTES.written);
    const isShort = written.subarray(SCALAR_BYTES.used).every((octet) => octet === 0);
    requireThat(isShort, 'bad_signature', FORGED);
    return written.slice(0, SCALAR_BYTES.used).toReversed();
  });
  const rest = report.subarray(SIGNED_BYTES + 2 * SCALAR_BYTES.written);
  const signature = Buffer.concat([r ?? rest, s ?? rest]);
  const isSigned =
    rest.every((octet) => octet === 0) &&
    isP384(key) &&
    verify('sha384', report.subarray(0, SIGNED_BYTES), { key, dsaEncoding: 'ieee-p1363' }, signature);
  requireThat(isSigned, 'bad_signature', FORGED);
}

const MALFORMED = 'The attestation report is no report of SEV-SNP of a version from 2 to 5.';
const FORGED = 'The signature of the attestation report is not genuine.';
