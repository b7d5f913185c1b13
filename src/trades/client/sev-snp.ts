// Judges an attestation of AMD SEV-SNP: a report, followed by the table of certificates that its host handed over. The
// chain leads to AMD's root of a known product; the report must say that the expected image runs, not in debug mode, on
// firmware that is new enough, and be bound to the keys and to this question.

import { timingSafeEqual } from 'node:crypto';
import { reportDataOf } from '../domain/attestation.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { fingerprintOf, RSA_PSS_SHA384, verifyChain } from './certificate-chain.ts';
import { requireThat } from './refusal.ts';
import {
  certifiedChip,
  certifiedTcb,
  namesCloud,
  readCertificateTable,
  reportedTcb,
  type SnpProduct,
  type SnpTcb,
} from './snp-certificates.ts';
import { readSnpReport, REPORT_BYTES, requireSignedReport, type SnpReport } from './snp-report.ts';

/** AMD's root keys (ARK): SHA-256 of the certificate, and the product whose chips it vouches for. */
export const AMD_ROOTS: Readonly<Record<string, SnpProduct>> = {
  '69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd': 'milan',
  '4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1': 'genoa',
  '1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a': 'turin',
};

/** What the report is compared with. */
export interface SnpExpectation {
  /** The launch measurements that are allowed: 96 lower-case hex digits each. */
  readonly measurements: readonly string[];
  /** The oldest firmware that is allowed; null if the person named none, which is refused. */
  readonly minimumTcb: Omit<SnpTcb, 'fmc'> | null;
  readonly nonce: Uint8Array;
  readonly userData: Uint8Array;
  /** When the certificates must be valid, in ms since 1970. */
  readonly atMs: number;
  /** Certificates in DER that the person has from AMD, for those that the host does not hand over. */
  readonly certificates?: readonly Uint8Array[];
  /** The roots that are trusted; default: {@link AMD_ROOTS}. */
  readonly trustedRoots?: Readonly<Record<string, SnpProduct>>;
}

/** Length of report and certificates together. */
const SNP_DOCUMENT_BYTES_MAX = 65_536;

/** Bits of a guest's policy. */
const POLICY = { reservedOne: 1n << 17n, migration: 1n << 18n, debug: 1n << 19n, firstUnknown: 26n } as const;

/** The measurement of a report that holds, in hex. Throws `RefusedError`. */
export function verifySnp(document: Uint8Array, expected: SnpExpectation): string {
  requireThat(
    expected.measurements.length > 0 && expected.minimumTcb !== null,
    'no_policy',
    'Name the measurement and the minimum TCB that you expect: without them any image on any firmware would do.',
  );
  requireThat(
    document.length >= REPORT_BYTES && document.length <= SNP_DOCUMENT_BYTES_MAX,
    'malformed',
    'The attestation is no report of SEV-SNP.',
  );
  const bytes = document.subarray(0, REPORT_BYTES);
  const report = readSnpReport(bytes);
  const { leaf, product } = verifySigner(document.subarray(REPORT_BYTES), report, expected);
  requireSignedReport(bytes, leaf.publicKey);
  requireChip(report, leaf, product);
  requireTcb(reportedTcb(report.reportedTcb, product), expected.minimumTcb);
  requirePolicy(report);
  requireThat(
    expected.measurements.includes(report.measurement),
    'wrong_measurement',
    'The launch measurement is none of the expected values: other code runs in the enclave.',
  );
  requireThat(
    timingSafeEqual(report.reportData, reportDataOf(expected.userData, expected.nonce)),
    'wrong_keys',
    'The attestation report is about other keys than those beside it, or answers another question.',
  );
  return report.measurement;
}

function verifySigner(table: Uint8Array, { signer }: SnpReport, expected: SnpExpectation) {
  const roots = expected.trustedRoots ?? AMD_ROOTS;
  const handed = readCertificateTable(table);
  const own = expected.certificates ?? [];
  const root = handed.root ?? own.find((der) => Object.hasOwn(roots, fingerprintOf(der)));
  const intermediate = handed.intermediate ?? own.find((der) => der !== root && isAuthority(der));
  const leaf = handed[signer] ?? own.find((der) => !isAuthority(der));
  requireThat(
    root !== undefined && intermediate !== undefined && leaf !== undefined,
    'broken_chain',
    'The host of the enclave does not hand over all certificates of AMD: name a file that has them.',
  );
  const chain = verifyChain([root, intermediate, leaf], {
    scheme: RSA_PSS_SHA384,
    atMs: expected.atMs,
    trustedRoots: Object.keys(roots),
    leafNeedsUsage: false,
  });
  return { leaf: chain.at(-1) as Certificate, product: roots[fingerprintOf(root)] as SnpProduct };
}

/** One that cannot be read is none; the chain refuses it if it is needed. */
function isAuthority(der: Uint8Array): boolean {
  try {
    return readCertificate(der).isAuthority;
  } catch {
    return false;
  }
}

/** The key must be that of the chip that is named, derived for the firmware that is named. */
function requireChip(report: SnpReport, leaf: Certificate, product: SnpProduct): void {
  const chip = certifiedChip(leaf, product);
  const isOfChip =
    report.signer === 'vcek'
      ? chip !== null && Buffer.compare(report.chipId.subarray(0, chip.length), chip) === 0
      : chip === null && namesCloud(leaf);
  const reported = reportedTcb(report.reportedTcb, product);
  const certified = certifiedTcb(leaf, product);
  const isOfTcb = Object.entries(certified).every(
    ([part, level]) => reported[part as keyof SnpTcb] === level,
  );
  requireThat(
    isOfChip && isOfTcb,
    'broken_chain',
    'The certificate beside the attestation report is of another chip or of other firmware.',
  );
}

function requireTcb(reported: SnpTcb, minimum: Omit<SnpTcb, 'fmc'>): void {
  const isNew = Object.entries(minimum).every(
    ([part, level]) => (reported[part as keyof SnpTcb] ?? -1) >= level,
  );
  requireThat(
    isNew,
    'old_firmware',
    'The firmware of the machine is older than the minimum TCB that you allow.',
  );
}

function requirePolicy({ policy, vmpl }: SnpReport): void {
  requireThat(
    (policy & POLICY.debug) === 0n,
    'debug',
    'The policy of the virtual machine allows debugging: its operator can read its memory.',
  );
  requireThat(
    (policy & POLICY.migration) === 0n,
    'debug',
    'The policy of the virtual machine allows a migration agent, which could read its memory.',
  );
  requireThat(
    (policy & POLICY.reservedOne) !== 0n && policy >> POLICY.firstUnknown === 0n,
    'malformed',
    'The policy of the virtual machine has bits that this program does not know.',
  );
  requireThat(
    vmpl === 0,
    'wrong_privilege',
    'The attestation report was not made at VMPL 0: something stands below the kernel that asked for it.',
  );
}
