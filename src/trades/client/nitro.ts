// Judges what an authentic document of AWS Nitro Enclaves says: which image runs, not in debug mode, now, for this
// question, with these keys.

import { timingSafeEqual } from 'node:crypto';
import { MINUTE_MS } from '../../lib/durations.ts';
import { NITRO_ROOT, type NitroDocument, readNitroDocument } from './nitro-document.ts';
import { requireThat } from './refusal.ts';

/** What the document is compared with. */
export interface NitroExpectation {
  /** By register 0, 1 and 2: the values that are allowed, 96 lower-case hex digits each. None may be empty. */
  readonly pcrs: readonly (readonly string[])[];
  readonly nonce: Uint8Array;
  readonly userData: Uint8Array;
  /** The time with which the document's own is compared, in ms since 1970. */
  readonly atMs: number;
  /** SHA-256 of the roots that are trusted, in lower-case hex; default: that of AWS. */
  readonly trustedRoots?: readonly string[];
}

/** The registers that say what runs: image, kernel, application. */
const MEASURED = [0, 1, 2] as const;
/** How far the document's time may be from the clock's, in either direction. */
const AGE_MS_MAX = 5 * MINUTE_MS;

/** The registers 0 to 2 of a document that holds, in hex. Throws `RefusedError`. */
export function verifyNitro(document: Uint8Array, expected: NitroExpectation): readonly string[] {
  const hasPolicy = MEASURED.every((number) => (expected.pcrs[number]?.length ?? 0) > 0);
  requireThat(
    hasPolicy,
    'no_policy',
    'Name the values of PCR0, PCR1 and PCR2 that you expect: without them any image would do.',
  );
  const read = readNitroDocument(document, expected.trustedRoots ?? [NITRO_ROOT]);
  requireThat(
    Math.abs(read.timestampMs - expected.atMs) <= AGE_MS_MAX,
    'stale',
    'The attestation document was not made within 5 minutes of now: it is an old one, or a clock is wrong.',
  );
  const measured = MEASURED.map((number) => measuredAt(read, number));
  measured.forEach((value, number) =>
    requireThat(
      expected.pcrs[number]?.includes(value) === true,
      'wrong_measurement',
      `PCR${number} is none of the expected values: other code runs in the enclave.`,
    ),
  );
  requireThat(
    isSame(read.nonce, expected.nonce),
    'wrong_nonce',
    'The attestation document answers another question: its nonce is not the one that was sent.',
  );
  requireThat(
    isSame(read.userData, expected.userData),
    'wrong_keys',
    'The attestation document is about other keys than those beside it.',
  );
  return measured;
}

function measuredAt({ pcrs }: NitroDocument, number: number): string {
  const value = pcrs.get(number);
  requireThat(value !== undefined, 'malformed', `The attestation document has no PCR${number}.`);
  requireThat(
    value.some((octet) => octet !== 0),
    'debug',
    `PCR${number} is zero: the enclave runs in debug mode, and its operator can read its memory.`,
  );
  return Buffer.from(value).toString('hex');
}

function isSame(bytes: Uint8Array | null, expected: Uint8Array): boolean {
  return bytes !== null && bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
