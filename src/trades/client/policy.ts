// What a person expects of an enclave before sending credentials to it. Plain data; it judges nothing.

import type { SnpProduct, SnpTcb } from './snp-certificates.ts';

/** The smallest patch levels of firmware that are allowed, each 0 to 255. */
export type MinimumTcb = Omit<SnpTcb, 'fmc'>;

/** What an attestation must show. Digests are lower-case hex. */
export interface AttestationPolicy {
  /** True if an enclave without trusted hardware (`none`) will do, whose operator can read everything. */
  readonly allowsUnattested: boolean;
  /** Nitro: the values that PCR0, PCR1 and PCR2 may have; each list needs one. */
  readonly pcrs: readonly [readonly string[], readonly string[], readonly string[]];
  /** SEV-SNP: the launch measurements that are allowed; at least one is needed. */
  readonly measurements: readonly string[];
  /** SEV-SNP: needed. */
  readonly minimumTcb: MinimumTcb | null;
  /** SEV-SNP: certificates in DER, for those that the host does not hand over. */
  readonly amdCertificates: readonly Uint8Array[];
  /** TDX: path of a program that checks quotes; needed. */
  readonly tdxVerifier: string | null;
}

/** Expects nothing, so it allows nothing: every platform is refused. */
export const STRICTEST_POLICY: AttestationPolicy = {
  allowsUnattested: false,
  pcrs: [[], [], []],
  measurements: [],
  minimumTcb: null,
  amdCertificates: [],
  tdxVerifier: null,
};

/** The manufacturers' roots, by the SHA-256 of their certificates. */
export interface TrustedRoots {
  readonly nitro: readonly string[];
  readonly amd: Readonly<Record<string, SnpProduct>>;
}
