// An AMD secure processor of the test's own: root, intermediate and chip keys, and reports that the chip signs, with
// whatever is right or wrong about them.

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { reportDataOf } from '../../../src/trades/domain/attestation.ts';
import {
  certificate,
  type CertificateText,
  der,
  type ExtensionText,
  integer,
  RSA_PSS,
} from './der-writer.ts';

export const AT_MS = Date.parse('2026-03-01T10:00:00Z');
export const NONCE = Buffer.alloc(32, 7);
export const USER_DATA = Buffer.alloc(32, 9);
export const MEASUREMENT = 'ab'.repeat(48);
const YEAR_MS = 365 * 86_400_000;
const OID = '1.3.6.1.4.1.3704.1';

const rsa = () => generateKeyPairSync('rsa', { modulusLength: 2_048 });
const [rootKey, askKey] = [rsa(), rsa()];
const chipKey = generateKeyPairSync('ec', { namedCurve: 'P-384' });
export const CHIP = Buffer.alloc(64, 0x5a);

export type Product = 'milan' | 'turin';
export interface Levels {
  readonly fmc: number;
  readonly bootloader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
}
export const LEVELS: Levels = { fmc: 1, bootloader: 3, tee: 2, snp: 20, microcode: 210 };

/** The extensions of a chip's certificate. `chip` null: those of a key that was loaded for a cloud. */
export function chipExtensions(
  product: Product,
  levels: Levels = LEVELS,
  chip: Buffer | null = CHIP,
): ExtensionText[] {
  const parts = [
    ['3.1', levels.bootloader],
    ['3.2', levels.tee],
    ['3.3', levels.snp],
    ['3.8', levels.microcode],
    ...(product === 'turin' ? [['3.9', levels.fmc] as const] : []),
  ] as const;
  return [
    ...parts.map(([id, level]) => ({ id: `${OID}.${id}`, value: integer(level) })),
    chip === null
      ? { id: `${OID}.5`, value: der(0x16, Buffer.from('cloud.example')) }
      : { id: `${OID}.4`, value: product === 'turin' ? chip.subarray(0, 8) : chip },
  ];
}

export interface SnpChanges {
  readonly product?: Product;
  readonly root?: Partial<CertificateText>;
  readonly intermediate?: Partial<CertificateText>;
  readonly leaf?: Partial<CertificateText>;
}

export function makeCertificates({ product = 'milan', root, intermediate, leaf }: SnpChanges = {}) {
  const base = { scheme: RSA_PSS, notBeforeMs: AT_MS - YEAR_MS, notAfterMs: AT_MS + YEAR_MS };
  const text = (subject: string, issuer: string, publicKey: KeyObject, signingKey: KeyObject) => ({
    ...base,
    subject,
    issuer,
    publicKey,
    signingKey,
  });
  return {
    root: certificate({
      ...text('ARK', 'ARK', rootKey.publicKey, rootKey.privateKey),
      authority: true,
      ...root,
    }),
    intermediate: certificate({
      ...text('SEV', 'ARK', askKey.publicKey, rootKey.privateKey),
      authority: true,
      pathLength: 0,
      keyUsage: 0x04,
      ...intermediate,
    }),
    leaf: certificate({
      ...text('SEV-VCEK', 'SEV', chipKey.publicKey, askKey.privateKey),
      keyUsage: null,
      extensions: chipExtensions(product),
      ...leaf,
    }),
  };
}

export const CERTIFICATES = makeCertificates();
export const rootOf = (root: Buffer) => createHash('sha256').update(root).digest('hex');
export const ROOTS = { [rootOf(CERTIFICATES.root)]: 'milan' as const };

const GUID = {
  vcek: '63da758de6644564adc5f4b93be8accd',
  vlek: 'a8074bc2a25a483eaae639c045a0b8a1',
  intermediate: '4ab7b379bbac4fe4a02f05aef327c782',
  root: 'c0b406a4a803495297433fb6014cd0ae',
} as const;

/** The table in which a host hands certificates over. */
export function makeTable(entries: readonly (readonly [keyof typeof GUID, Buffer])[]): Buffer {
  const heads: Buffer[] = [];
  let offset = (entries.length + 1) * 24;
  for (const [name, { length }] of entries) {
    const head = Buffer.alloc(24);
    head.write(GUID[name], 0, 'hex');
    head.writeUInt32LE(offset, 16);
    head.writeUInt32LE(length, 20);
    heads.push(head);
    offset += length;
  }
  return Buffer.concat([...heads, Buffer.alloc(24), ...entries.map(([, bytes]) => bytes)]);
}

export function tableOf(
  { root, intermediate, leaf }: typeof CERTIFICATES,
  leafName: 'vcek' | 'vlek' = 'vcek',
): Buffer {
  return makeTable([
    [leafName, leaf],
    ['intermediate', intermediate],
    ['root', root],
  ]);
}

export interface ReportText {
  readonly version?: number;
  readonly policy?: bigint;
  readonly vmpl?: number;
  readonly algorithm?: number;
  readonly signerInfo?: number;
  readonly reportData?: Buffer;
  readonly product?: Product;
  readonly levels?: Levels;
  readonly chip?: Buffer;
}

/** A signed report. */
export function makeReport(text: ReportText = {}): Buffer {
  const { levels = LEVELS, product = 'milan' } = text;
  const report = Buffer.alloc(1_184);
  report.writeUInt32LE(text.version ?? 3, 0);
  report.writeBigUInt64LE(text.policy ?? 0x3_0000n, 8);
  report.writeUInt32LE(text.vmpl ?? 0, 48);
  report.writeUInt32LE(text.algorithm ?? 1, 52);
  report.writeUInt32LE(text.signerInfo ?? 0, 72);
  (text.reportData ?? reportDataOf(USER_DATA, NONCE)).copy(report, 80);
  report.write(MEASUREMENT, 144, 'hex');
  const { fmc, bootloader, tee, snp, microcode } = levels;
  const tcb =
    product === 'turin'
      ? [fmc, bootloader, tee, snp, 0, 0, 0, microcode]
      : [bootloader, tee, 0, 0, 0, 0, snp, microcode];
  Buffer.from(tcb).copy(report, 384);
  (text.chip ?? (product === 'turin' ? Buffer.concat([CHIP.subarray(0, 8), Buffer.alloc(56)]) : CHIP)).copy(
    report,
    416,
  );
  const signature = sign('sha384', report.subarray(0, 672), {
    key: chipKey.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  Buffer.from(signature.subarray(0, 48).toReversed()).copy(report, 672);
  Buffer.from(signature.subarray(48).toReversed()).copy(report, 744);
  return report;
}
