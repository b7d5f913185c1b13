// Reports of SEV-SNP from a processor of the test's own: some that hold, and one for each thing that may be wrong.

import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { AMD_ROOTS, type SnpExpectation, verifySnp } from '../../../src/trades/client/sev-snp.ts';
import { ECDSA } from './der-writer.ts';
import {
  AT_MS,
  CERTIFICATES,
  CHIP,
  chipExtensions,
  LEVELS,
  makeCertificates,
  makeReport,
  makeTable,
  MEASUREMENT,
  NONCE,
  ROOTS,
  rootOf,
  type SnpChanges,
  tableOf,
  USER_DATA,
} from './snp-maker.ts';

const MINIMUM = { bootloader: 3, tee: 2, snp: 20, microcode: 210 };
const EXPECTED: SnpExpectation = {
  measurements: [MEASUREMENT],
  minimumTcb: MINIMUM,
  nonce: NONCE,
  userData: USER_DATA,
  atMs: AT_MS,
  trustedRoots: ROOTS,
};

/** The kind of the refusal, or `holds`. */
function verdict(
  report: Buffer,
  table: Buffer = tableOf(CERTIFICATES),
  changes: Partial<SnpExpectation> = {},
): unknown {
  try {
    verifySnp(Buffer.concat([report, table]), { ...EXPECTED, ...changes });
    return 'holds';
  } catch (error) {
    return error instanceof Error && 'kind' in error ? error.kind : error;
  }
}

const judged = (changes: SnpChanges, report = makeReport()) => {
  const certificates = makeCertificates(changes);
  const trustedRoots = { [rootOf(certificates.root)]: changes.product ?? 'milan' } as const;
  return verdict(report, tableOf(certificates), { trustedRoots });
};

it('sev-snp - reports of versions 2 to 5 hold, of a chip and of a cloud, on Milan and on Turin', () => {
  expect(verifySnp(Buffer.concat([makeReport(), tableOf(CERTIFICATES)]), EXPECTED)).toBe(MEASUREMENT);
  for (const version of [2, 4, 5]) expect(verdict(makeReport({ version }))).toBe('holds');
  expect(judged({ product: 'turin' }, makeReport({ product: 'turin' }))).toBe('holds');
  const vlek = makeCertificates({ leaf: { extensions: chipExtensions('milan', LEVELS, null) } });
  expect(
    verdict(makeReport({ signerInfo: 4 }), tableOf(vlek, 'vlek'), {
      trustedRoots: { [rootOf(vlek.root)]: 'milan' },
    }),
  ).toBe('holds');
});

it('sev-snp - the roots of Milan, Genoa and Turin are known, and no root of a test', () => {
  expect(Object.values(AMD_ROOTS)).toEqual(['milan', 'genoa', 'turin']);
  expect(verdict(makeReport(), tableOf(CERTIFICATES), { trustedRoots: AMD_ROOTS })).toBe('untrusted_root');
});

it.each<[string, Parameters<typeof makeReport>[0], string]>([
  ['debugging allowed (bit 19)', { policy: 0xb_0000n }, 'debug'],
  ['a migration agent allowed', { policy: 0x7_0000n }, 'debug'],
  ['a reserved bit that must be one', { policy: 0x1_0000n }, 'malformed'],
  ['an unknown bit of the policy', { policy: 0x3_0000n | (1n << 26n) }, 'malformed'],
  ['VMPL 1', { vmpl: 1 }, 'wrong_privilege'],
  ['version 1', { version: 1 }, 'malformed'],
  ['version 6', { version: 6 }, 'malformed'],
  ['another signature algorithm', { algorithm: 2 }, 'malformed'],
  ['a report that nobody signed', { signerInfo: 7 << 2 }, 'malformed'],
  ['unknown bits beside the signing key', { signerInfo: 1 << 5 }, 'malformed'],
  ['a loaded key whose certificate is absent', { signerInfo: 4 }, 'broken_chain'],
  ['other report data', { reportData: Buffer.alloc(64, 1) }, 'wrong_keys'],
  ['another chip', { chip: Buffer.alloc(64, 1) }, 'broken_chain'],
  ['a masked chip', { chip: Buffer.alloc(64), signerInfo: 2 }, 'broken_chain'],
  ['other firmware than the certificate names', { levels: { ...LEVELS, microcode: 211 } }, 'broken_chain'],
])('sev-snp - refused: %s', (_what, text, kind) => {
  expect(verdict(makeReport(text))).toBe(kind);
});

it.each<[string, Partial<SnpExpectation>, string]>([
  ['another measurement', { measurements: ['cd'.repeat(48)] }, 'wrong_measurement'],
  ['no expected measurement', { measurements: [] }, 'no_policy'],
  ['no minimum TCB', { minimumTcb: null }, 'no_policy'],
  ['an older boot loader', { minimumTcb: { ...MINIMUM, bootloader: 4 } }, 'old_firmware'],
  ['an older TEE', { minimumTcb: { ...MINIMUM, tee: 3 } }, 'old_firmware'],
  ['older SNP firmware', { minimumTcb: { ...MINIMUM, snp: 21 } }, 'old_firmware'],
  ['older microcode', { minimumTcb: { ...MINIMUM, microcode: 211 } }, 'old_firmware'],
  ['another nonce', { nonce: Buffer.alloc(32, 8) }, 'wrong_keys'],
  ['other keys', { userData: Buffer.alloc(32, 8) }, 'wrong_keys'],
  ['a time after the certificates', { atMs: AT_MS + 366 * 86_400_000 }, 'expired'],
  ['a time before the certificates', { atMs: AT_MS - 366 * 86_400_000 }, 'expired'],
])('sev-snp - refused: %s', (_what, changes, kind) => {
  expect(verdict(makeReport(), tableOf(CERTIFICATES), changes)).toBe(kind);
});

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const strangersRsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ecRoot = { publicKey: stranger.publicKey, signingKey: stranger.privateKey, scheme: ECDSA };

it.each<[string, SnpChanges, string]>([
  [
    'an intermediate key that a stranger signed',
    { intermediate: { signingKey: strangersRsa.privateKey } },
    'broken_chain',
  ],
  ['a chip key that a stranger signed', { leaf: { signingKey: strangersRsa.privateKey } }, 'broken_chain'],
  ['a chip key under ECDSA', { leaf: { scheme: ECDSA, signingKey: stranger.privateKey } }, 'broken_chain'],
  ['a root under ECDSA', { root: ecRoot }, 'broken_chain'],
  [
    'an intermediate key that is no authority',
    { intermediate: { authority: false, pathLength: undefined } },
    'broken_chain',
  ],
  ['another chip key', { leaf: { publicKey: stranger.publicKey } }, 'bad_signature'],
  ['an RSA key of a chip', { leaf: { publicKey: strangersRsa.publicKey } }, 'bad_signature'],
  ['a chip key without extensions', { leaf: { extensions: [] } }, 'malformed'],
  [
    'a chip key without patch levels',
    { leaf: { extensions: chipExtensions('milan').slice(1) } },
    'malformed',
  ],
  ['a chip of eight bytes', { leaf: { extensions: chipExtensions('turin') } }, 'malformed'],
  [
    'the certificate of a cloud',
    { leaf: { extensions: chipExtensions('milan', LEVELS, null) } },
    'broken_chain',
  ],
])('sev-snp - refused: %s', (_what, changes, kind) => {
  expect(judged(changes)).toBe(kind);
});

it('sev-snp - refused: every bit of the signed part and of the signature counts', () => {
  const good = makeReport();
  for (const at of [
    0, 8, 48, 80, 144, 384, 416, 600, 671, 672, 700, 719, 720, 743, 744, 791, 792, 815, 816, 1183,
  ]) {
    const changed = Buffer.from(good);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    expect([at, verdict(changed)]).not.toEqual([at, 'holds']);
  }
});

const { root, intermediate, leaf } = CERTIFICATES;
const good = tableOf(CERTIFICATES);
const beyond = Buffer.from(good);
beyond.writeUInt32LE(good.length, 20);

it.each<[string, Buffer, Buffer, string]>([
  ['a report that is cut', makeReport().subarray(1), good, 'malformed'],
  ['a report alone', makeReport(), Buffer.alloc(0), 'broken_chain'],
  ['a table that is cut', makeReport(), good.subarray(0, 40), 'malformed'],
  ['certificates that are cut', makeReport(), good.subarray(0, -1), 'malformed'],
  ['an entry that points outside', makeReport(), beyond, 'malformed'],
  ['a table without an end', makeReport(), Buffer.alloc(24 * 20, 1), 'malformed'],
  [
    'no chip key',
    makeReport(),
    makeTable([
      ['intermediate', intermediate],
      ['root', root],
    ]),
    'broken_chain',
  ],
  [
    'no root',
    makeReport(),
    makeTable([
      ['vcek', leaf],
      ['intermediate', intermediate],
    ]),
    'broken_chain',
  ],
  [
    'an entry twice',
    makeReport(),
    makeTable([
      ['vcek', leaf],
      ['vcek', leaf],
      ['intermediate', intermediate],
      ['root', root],
    ]),
    'malformed',
  ],
  [
    'a certificate with a byte behind',
    makeReport(),
    tableOf({ ...CERTIFICATES, leaf: Buffer.concat([leaf, Buffer.of(0)]) }),
    'malformed',
  ],
  ['more than 64 KiB', makeReport(), Buffer.concat([good, Buffer.alloc(65_536)]), 'malformed'],
])('sev-snp - refused: %s', (_what, report, table, kind) => {
  expect(verdict(report, table)).toBe(kind);
});

it('sev-snp - what the host does not hand over is taken from the person, and judged alike', () => {
  const own = [leaf, intermediate, root];
  const judge = (table: Buffer, certificates: readonly Buffer[]) =>
    verdict(makeReport(), table, { certificates });
  expect(judge(Buffer.alloc(0), own)).toBe('holds');
  expect(judge(makeTable([['vcek', leaf]]), [root, intermediate])).toBe('holds');
  expect(judge(makeTable([['vcek', leaf]]), [intermediate])).toBe('broken_chain');
  expect(judge(Buffer.alloc(0), [Buffer.from('none'), intermediate, root])).toBe('malformed');
  const forged = makeCertificates({ leaf: { signingKey: strangersRsa.privateKey } });
  expect(judge(Buffer.alloc(0), [forged.leaf, intermediate, root])).toBe('broken_chain');
});

it('sev-snp - a chip id with a type of its own is the same chip', () => {
  const typed = chipExtensions('milan').map((each) =>
    each.id.endsWith('.1.4') ? { ...each, value: Buffer.concat([Buffer.of(0x04, 64), CHIP]) } : each,
  );
  expect(judged({ leaf: { extensions: typed } })).toBe('holds');
});
