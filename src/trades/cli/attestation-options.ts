// The options of `register-user` that say what an enclave must prove, and the policy that they make. It judges no
// attestation.

import { readFileSync, statSync } from 'node:fs';
import { flag, option, printable } from '../../cli/command-line.ts';
import { type Environment, fromCaller } from '../../config/environment.ts';
import { CodedError } from '../../lib/errors.ts';
import type { AttestationPolicy, MinimumTcb } from '../client/policy.ts';

/** Declarations for the command. */
export const ATTESTATION_OPTIONS = {
  'expected-pcr0': option('HEX[,HEX]', 'Nitro: allowed values of PCR0, 96 hex digits each'),
  'expected-pcr1': option('HEX[,HEX]', 'Nitro: allowed values of PCR1'),
  'expected-pcr2': option('HEX[,HEX]', 'Nitro: allowed values of PCR2'),
  'expected-measurement': option('HEX[,HEX]', 'SEV-SNP: allowed launch measurements, 96 hex digits each'),
  'min-tcb': option(
    'LEVELS',
    'SEV-SNP: oldest firmware that is allowed, as bootloader=3,tee=0,snp=8,microcode=115',
  ),
  'amd-certificates': option(
    'FILE',
    "SEV-SNP: certificates of AMD in PEM, for those that the enclave's host does not hand over",
  ),
  'tdx-verifier': option(
    'PROGRAM',
    'TDX: program that checks quotes; it gets the quote on standard input, nonce and user data in hex as arguments, and vouches with exit code 0',
  ),
  'allow-unattested': flag(
    'register with an enclave on no trusted hardware too, although its operator can read the keys',
  ),
} as const;

type Given = {
  readonly [Name in keyof typeof ATTESTATION_OPTIONS]?: string | boolean | undefined;
};

const DIGEST = /^[0-9a-f]{96}$/;
const LEVELS = ['bootloader', 'tee', 'snp', 'microcode'] as const;

/** Length of a file with certificates, in bytes. */
const CERTIFICATES_BYTES_MAX = 65_536;
const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

/** The policy. Errors: `usage`, `not_found`. */
export function policyOf(values: Given, env: Environment): AttestationPolicy {
  const list = (name: keyof typeof ATTESTATION_OPTIONS) => digestsOf(name, textOf(values[name]));
  const verifier = textOf(values['tdx-verifier']);
  const levels = textOf(values['min-tcb']);
  const certificates = textOf(values['amd-certificates']);
  return {
    allowsUnattested: values['allow-unattested'] === true,
    pcrs: [list('expected-pcr0'), list('expected-pcr1'), list('expected-pcr2')],
    measurements: list('expected-measurement'),
    amdCertificates: certificates === undefined ? [] : certificatesIn(fromCaller(env, certificates)),
    minimumTcb: levels === undefined ? null : levelsOf(levels),
    tdxVerifier: verifier === undefined ? null : fromCaller(env, verifier),
  };
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function digestsOf(name: string, text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const digests = text.toLowerCase().split(',');
  if (!digests.every((digest) => DIGEST.test(digest))) {
    throw wrong(`--${name} must be 96 hex digits, or several of them with commas between.`);
  }
  return digests;
}

function certificatesIn(file: string): readonly Uint8Array[] {
  let text: string;
  try {
    text = statSync(file).size <= CERTIFICATES_BYTES_MAX ? readFileSync(file, 'latin1') : '';
  } catch (error) {
    throw new CodedError('not_found', `${file} cannot be read.`, { cause: error });
  }
  const certificates = Array.from(text.matchAll(PEM), ([, base64 = '']) => Buffer.from(base64, 'base64'));
  if (certificates.length > 0) return certificates;
  throw new CodedError('not_found', `${file} contains no certificate in PEM.`);
}

function levelsOf(text: string): MinimumTcb {
  const parts = text.split(',').map((part) => part.split('='));
  const levels = new Map(
    parts.map(([name = '', level = '', ...rest]) => [name, rest.length === 0 ? level : '']),
  );
  const values = LEVELS.map((name) => levels.get(name) ?? '');
  const isRight =
    parts.length === LEVELS.length &&
    values.every((value) => /^\d{1,3}$/.test(value) && Number(value) <= 255);
  if (!isRight) {
    throw wrong(
      `--min-tcb ${printable(text)}: it names bootloader, tee, snp and microcode once each, with levels from 0 to 255.`,
    );
  }
  const [bootloader = 0, tee = 0, snp = 0, microcode = 0] = values.map(Number);
  return { bootloader, tee, snp, microcode };
}

function wrong(sentence: string): CodedError {
  return new CodedError('usage', `${sentence} --help lists the options.`);
}
