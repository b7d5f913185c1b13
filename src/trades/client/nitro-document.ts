// Reads an attestation document of AWS Nitro Enclaves and shows that the Nitro hypervisor made it: strict CBOR, the
// signature (COSE_Sign1, ES384) and the chain of its certificate. What the document says is judged elsewhere.

import { verify } from 'node:crypto';
import { decode, encode } from 'cborg';
import { ECDSA_P384, isP384, verifyChain } from './certificate-chain.ts';
import { RefusedError, requireThat } from './refusal.ts';

/** An authentic document. */
export interface NitroDocument {
  /** When the hypervisor made it, in ms since 1970. */
  readonly timestampMs: number;
  /** 48 bytes each, by number. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** Null if the enclave handed in none; the same for the nonce. */
  readonly userData: Uint8Array | null;
  readonly nonce: Uint8Array | null;
}

/** SHA-256 of the root AWS_NitroEnclaves_Root-G1, valid until 2049-10-28. */
export const NITRO_ROOT = '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b';

/** Length of a document: the device returns no longer one. */
const NITRO_DOCUMENT_BYTES_MAX = 16_384;
/** Length of a certificate in a document, in bytes. */
const NITRO_CERTIFICATE_BYTES_MAX = 1_024;
/** Certificates above the leaf. */
const CA_BUNDLE_MAX = 7;
/** Number of the last register. */
const PCR_NUMBER_MAX = 31;
/** Length of user data and of a nonce, in bytes. */
const GIVEN_BYTES_MAX = 512;
/** Length of the public key that the enclave hands in, in bytes. */
const PUBLIC_KEY_BYTES_MAX = 1_024;
/** Characters of the module's name. */
const MODULE_ID_CHARACTERS_MAX = 256;

const PCR_BYTES = 48;
const SIGNATURE_BYTES = 96;
/** CBOR tag 18, COSE_Sign1, in front of the array; the device writes none. */
const SIGN1_TAG = 0xd2;
const ALGORITHM_LABEL = 1;
const ES384 = -35;

const MEMBERS: ReadonlySet<unknown> = new Set([
  'module_id',
  'digest',
  'timestamp',
  'pcrs',
  'certificate',
  'cabundle',
  'public_key',
  'user_data',
  'nonce',
]);

/** Reads a document and checks who made it, at the time that it names. Throws {@link RefusedError}. */
export function readNitroDocument(document: Uint8Array, trustedRoots: readonly string[]): NitroDocument {
  requireForm(document.length <= NITRO_DOCUMENT_BYTES_MAX);
  const { header, payload, signature } = readSign1(document);
  const members = readMap(decodeStrictly(payload));
  requireForm([...members.keys()].every((name) => MEMBERS.has(name)));
  const { certificate, authorities } = readCertificates(members);
  const moduleId = members.get('module_id');
  requireForm(
    typeof moduleId === 'string' && moduleId.length > 0 && moduleId.length <= MODULE_ID_CHARACTERS_MAX,
  );
  requireForm(members.get('digest') === 'SHA384');
  const timestampMs = members.get('timestamp');
  requireForm(typeof timestampMs === 'number' && Number.isSafeInteger(timestampMs) && timestampMs > 0);
  const pcrs = readPcrs(members.get('pcrs'));
  readOptional(members.get('public_key'), PUBLIC_KEY_BYTES_MAX);
  const userData = readOptional(members.get('user_data'), GIVEN_BYTES_MAX);
  const nonce = readOptional(members.get('nonce'), GIVEN_BYTES_MAX);
  const chain = verifyChain([...authorities, certificate], {
    scheme: ECDSA_P384,
    atMs: timestampMs,
    trustedRoots,
    leafNeedsUsage: true,
  });
  const key = chain.at(-1)?.publicKey;
  const signed = encode(['Signature1', header, new Uint8Array(0), payload]);
  const isSigned =
    key !== undefined &&
    isP384(key) &&
    verify('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
  requireThat(isSigned, 'bad_signature', 'The signature of the attestation document is not genuine.');
  return { timestampMs, pcrs, userData, nonce };
}

interface Sign1 {
  /** The protected header as it is signed. */
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

function readSign1(document: Uint8Array): Sign1 {
  const parts = decodeStrictly(document[0] === SIGN1_TAG ? document.subarray(1) : document);
  requireForm(Array.isArray(parts) && parts.length === 4);
  const [header, open, payload, signature] = parts as readonly unknown[];
  requireForm(header instanceof Uint8Array && payload instanceof Uint8Array);
  requireForm(signature instanceof Uint8Array && signature.length === SIGNATURE_BYTES);
  requireForm(readMap(open).size === 0);
  const algorithms = readMap(decodeStrictly(header));
  requireForm(algorithms.size === 1 && algorithms.get(ALGORITHM_LABEL) === ES384);
  return { header, payload, signature };
}

function readCertificates(members: ReadonlyMap<unknown, unknown>) {
  const certificate = members.get('certificate');
  const authorities = members.get('cabundle');
  requireForm(isCertificate(certificate) && Array.isArray(authorities));
  requireForm(
    authorities.length > 0 && authorities.length <= CA_BUNDLE_MAX && authorities.every(isCertificate),
  );
  return { certificate, authorities: authorities as readonly Uint8Array[] };
}

function isCertificate(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length > 0 && value.length <= NITRO_CERTIFICATE_BYTES_MAX;
}

function readPcrs(value: unknown): ReadonlyMap<number, Uint8Array> {
  const pcrs = readMap(value);
  requireForm(pcrs.size > 0 && [...pcrs].every(([number, bytes]) => isPcrNumber(number) && isPcr(bytes)));
  return pcrs as ReadonlyMap<number, Uint8Array>;
}

function isPcrNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= PCR_NUMBER_MAX;
}

function isPcr(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === PCR_BYTES;
}

/** An absent member means the same as null. */
function readOptional(value: unknown, bytesMax: number): Uint8Array | null {
  if (value === undefined || value === null) return null;
  requireForm(value instanceof Uint8Array && value.length <= bytesMax);
  return value;
}

function readMap(value: unknown): ReadonlyMap<unknown, unknown> {
  requireForm(value instanceof Map);
  return value as ReadonlyMap<unknown, unknown>;
}

/** Lengths are definite and in their shortest form, no map has a key twice, and no tag is taken. */
function decodeStrictly(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      allowBigInt: false,
      useMaps: true,
      rejectDuplicateMapKeys: true,
    });
  } catch (error) {
    throw new RefusedError('malformed', MALFORMED, { cause: error });
  }
}

const MALFORMED = 'The attestation document is no document of AWS Nitro Enclaves.';

function requireForm(condition: boolean): asserts condition {
  requireThat(condition, 'malformed', MALFORMED);
}
